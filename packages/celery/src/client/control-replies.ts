/** What workers reply to remote control, as it travels (celery 5.6 `worker/control.py`). Ours and Python's reply alike. */

/** What replied, by node name. An answer may also be `{error}`: from a worker that failed, or refuses to be controlled. */
export type Replies<T> = Record<string, T | { error: string }>;

/** Reply of commands that do something, and of some that look. */
export type Outcome = { ok: string } | { error: string };

/** One task that a worker holds. */
export interface RequestInfo {
  id: string;
  name: string;
  /** Positional arguments; their Python repr when they were asked for safely. */
  args: unknown[] | string;
  kwargs: Record<string, unknown> | string;
  /** Name of the task, also where `name` shows another one. */
  type: string;
  hostname: string;
  /** Unix time in seconds. */
  time_start: number | null;
  acknowledged: boolean;
  delivery_info: {
    exchange: string | null;
    routing_key: string | null;
    priority: number | null;
    redelivered: boolean | null;
  };
  worker_pid: number | null;
}

/** A task that waits for its time. */
export interface ScheduledInfo {
  /** ISO 8601. */
  eta: string | null;
  priority: number;
  request: RequestInfo;
}

export interface QueueInfo {
  name: string;
  exchange: {
    name: string;
    type: string;
    arguments: unknown;
    durable: boolean;
    passive: boolean;
    auto_delete: boolean;
    delivery_mode: number | null;
    no_declare: boolean | null;
  };
  routing_key: string;
  queue_arguments: unknown;
  binding_arguments: unknown;
  consumer_arguments: unknown;
  durable: boolean;
  exclusive: boolean;
  auto_delete: boolean;
  no_ack: boolean;
  alias: string | null;
  bindings: unknown[];
  no_declare: boolean | null;
  expires: number | null;
  message_ttl: number | null;
  max_length: number | null;
  max_length_bytes: number | null;
  max_priority: number | null;
}

export interface WorkerStats {
  /** How many tasks of each name were received since the start. */
  total: Record<string, number>;
  pid: number;
  /** The logical clock, as a text. */
  clock: string;
  /** Seconds. */
  uptime: number;
  prefetch_count: number;
  pool: {
    implementation?: string;
    "max-concurrency": number;
    processes: number[];
    "max-tasks-per-child": number | string;
    "put-guarded-by-semaphore": boolean;
    /** Soft and hard limit in seconds, 0 for none. */
    timeouts: [soft: number, hard: number] | number[];
    writes?: unknown;
    [more: string]: unknown;
  };
  broker: {
    hostname: string;
    userid: string | null;
    virtual_host: string;
    port: number | null;
    ssl: unknown;
    transport: string;
    [more: string]: unknown;
  };
  /** Python's `getrusage`: times in seconds, `maxrss` in KiB. `N/A` where a system has none. */
  rusage: Record<string, number> | "N/A";
  [more: string]: unknown;
}

/** Found by its id: where it is, and what it is. */
export type QueriedTask = [state: "active" | "reserved" | "ready", info: RequestInfo];

export interface HelloReply {
  /** Revoked ids, with when: see `worker/control/exchanged-revokes.ts`. */
  revoked: Record<string, unknown>;
  clock: number;
}
