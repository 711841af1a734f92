import type { SettingTarget } from "./setting-target.ts";

/** Celery's `broker_transport_options`, as far as they have a meaning here. Times are in seconds. */
export interface BrokerTransportOptions {
  visibility_timeout?: number;
  global_keyprefix?: string;
  sep?: string;
  priority_steps?: readonly number[];
  queue_order_strategy?: "round_robin" | "sorted" | "priority";
  unacked_key?: string;
  unacked_index_key?: string;
  unacked_mutex_key?: string;
  fanout_prefix?: boolean | string;
  fanout_patterns?: boolean;
  socket_timeout?: number;
  socket_connect_timeout?: number;
  client_name?: string;
}

/** Celery's `result_backend_transport_options`, as far as they have a meaning here. */
export interface ResultTransportOptions {
  global_keyprefix?: string;
  result_chord_ordered?: boolean;
}

/** What a key of transport options holds, kombu's default, and which option it ends up as. */
export interface TransportOption {
  wants: string;
  holds(value: unknown): boolean;
  python: unknown;
  ours?: unknown;
  to: SettingTarget;
  ms?: true;
}

const text = { wants: "a text", holds: (value: unknown) => typeof value === "string" };
const seconds = { wants: "a number of seconds", holds: (value: unknown) => typeof value === "number" && value >= 0 };
const strategies = ["round_robin", "sorted", "priority"];

export const brokerTransportOptions: Readonly<Record<keyof BrokerTransportOptions, TransportOption>> = {
  visibility_timeout: { ...seconds, python: 3600, to: "broker.visibilityTimeout" },
  global_keyprefix: { ...text, python: "", to: "broker.globalKeyPrefix" },
  sep: { ...text, python: "\x06\x16", to: "broker.separator" },
  priority_steps: {
    wants: "a list of whole numbers from 0 to 9 that begins with 0 and ascends",
    holds: isSteps,
    python: [0, 3, 6, 9],
    to: "broker.prioritySteps",
  },
  queue_order_strategy: {
    wants: "round_robin, sorted or priority",
    holds: (value) => strategies.includes(value as string),
    python: "round_robin",
    to: "worker.queueOrderStrategy",
  },
  unacked_key: { ...text, python: "unacked", to: "broker.unackedKey" },
  unacked_index_key: { ...text, python: "unacked_index", to: "broker.unackedIndexKey" },
  unacked_mutex_key: { ...text, python: "unacked_mutex", to: "broker.unackedMutexKey" },
  fanout_prefix: {
    wants: "true, false or a text",
    holds: (value) => typeof value === "boolean" || typeof value === "string",
    python: true,
    to: "broker.fanoutPrefix",
  },
  fanout_patterns: {
    wants: "true or false",
    holds: (value) => typeof value === "boolean",
    python: true,
    to: "broker.fanoutPatterns",
  },
  socket_timeout: { ...seconds, python: null, ours: 6, to: "broker.answerTimeout", ms: true },
  socket_connect_timeout: { ...seconds, python: null, ours: 10, to: "broker.connectTimeout", ms: true },
  client_name: { ...text, python: null, to: "broker.clientName" },
};

export const resultTransportOptions: Readonly<Record<keyof ResultTransportOptions, TransportOption>> = {
  global_keyprefix: { ...text, python: "", to: "results.globalKeyPrefix" },
  result_chord_ordered: {
    wants: "true or false",
    holds: (value) => typeof value === "boolean",
    python: true,
    to: "worker.chordOrdered",
  },
};

/** Keys of kombu's that need nothing to be said here, and why. */
export const unsupportedTransportOptions: Readonly<Record<string, string>> = {
  unacked_mutex_expire: "restoring is one script and waits for nobody",
  unacked_restore_limit: "restoring goes by batches of its own",
  unacked_restore_interval: "expired leases are looked for four times a lease",
  unacked_restore_throttle: "expired leases are looked for four times a lease",
  socket_keepalive: "always on",
  retry_on_timeout: "nothing is sent twice by the connection itself",
  max_connections: "one connection carries all commands",
  health_check_interval: "a connection that stays silent is noticed by itself",
  polling_interval: "the worker is woken by what arrives",
  deadletter_queue: "dead letters lie in a list of their own: celery-node dead-letters list",
  retry_policy: "storing a result is tried for as long as the lease lasts",
};

function isSteps(value: unknown): boolean {
  if (!Array.isArray(value) || value[0] !== 0) return false;
  return value.every((step, i) => Number.isInteger(step) && step <= 9 && (i === 0 || step > value[i - 1]));
}
