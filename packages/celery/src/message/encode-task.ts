import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Envelope } from "./envelope.ts";
import { writeJson } from "./inert-json.ts";
import { writeIsoTime } from "./iso-time.ts";
import { argsRepr, pythonRepr } from "./python-repr.ts";

/** A task to be sent. Only its queue (or exchange and routing key) and name are needed. */
export interface TaskToSend {
  /** Goes through the anonymous exchange, whose routing key is the queue's name. Not looked at when `exchange` is given. */
  queue: string;
  exchange?: string;
  routingKey?: string;
  name: string;
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
  /** A new uuid by default. */
  id?: string;
  /** 0 (served first, the default) to 9. */
  priority?: number;
  /** Seconds from now; `eta` wins over it. */
  countdown?: number;
  eta?: Date;
  /** A time, or seconds from now. */
  expires?: Date | number;
  retries?: number;
  /** Hard and soft limit in seconds. */
  timeLimits?: [hard: number | null, soft: number | null];
  rootId?: string;
  parentId?: string;
  groupId?: string;
  groupIndex?: number;
  replyTo?: string;
  ignoreResult?: boolean;
  shadow?: string;
  origin?: string;
  replacedTaskNesting?: number;
  /** Values by name; written as Celery's stamping writes them. */
  stamps?: Readonly<Record<string, unknown>>;
  /** Canvas parts as Celery's body carries them. */
  embed?: Partial<Embed>;
  /** The sender's own headers, beside Celery's. */
  headers?: Readonly<Record<string, unknown>>;
}

/** The third member of a protocol 2 body. */
export interface Embed {
  callbacks: unknown[] | null;
  errbacks: unknown[] | null;
  chain: unknown[] | null;
  chord: unknown;
}

/** Our own header: when the message was published, ISO 8601. Python passes it on and ignores it. */
export const publishedAtHeader = "cdt_published_at";

/**
 * Makes the message of a task, protocol 2 and JSON, with the headers that Celery 5.6 writes (celery/app/amqp.py,
 * `as_task_v2`) and a fresh delivery tag.
 *
 * @param now  stands for the present when a countdown is turned into an eta
 */
export function encodeTask(task: TaskToSend, now: Date = new Date()): Envelope {
  const id = task.id ?? randomUUID();
  const args = task.args ?? [];
  const kwargs = task.kwargs ?? {};
  const eta = task.eta ?? (task.countdown ? new Date(now.getTime() + task.countdown * 1000) : undefined);
  const expires = typeof task.expires === "number" ? new Date(now.getTime() + task.expires * 1000) : task.expires;
  const stampedHeaders = Object.keys(task.stamps ?? {});
  const embed: Embed = { callbacks: null, errbacks: null, chain: null, chord: null, ...task.embed };
  return {
    body: Buffer.from(writeJson([args, kwargs, embed])).toString("base64"),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    headers: {
      lang: "py",
      task: task.name,
      id,
      shadow: task.shadow ?? null,
      eta: eta ? writeIsoTime(eta) : null,
      expires: expires ? writeIsoTime(expires) : null,
      group: task.groupId ?? null,
      group_index: task.groupIndex ?? null,
      retries: task.retries ?? 0,
      timelimit: task.timeLimits ?? [null, null],
      root_id: task.rootId ?? id,
      parent_id: task.parentId ?? null,
      argsrepr: argsRepr(args),
      kwargsrepr: pythonRepr(kwargs),
      origin: task.origin ?? `gen${process.pid}@${hostname()}`,
      ignore_result: task.ignoreResult ?? false,
      replaced_task_nesting: task.replacedTaskNesting ?? 0,
      stamped_headers: task.stamps ? stampedHeaders : null,
      stamps: task.stamps ?? {},
      [publishedAtHeader]: writeIsoTime(now),
      ...task.headers,
    },
    properties: {
      correlation_id: id,
      reply_to: task.replyTo ?? "",
      delivery_mode: 2,
      delivery_info: { exchange: task.exchange ?? "", routing_key: task.routingKey ?? task.queue },
      priority: task.priority ?? 0,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  };
}

/**
 * The message of a task's next try: the same id, body, priority and headers, one more in `retries`, and a delivery tag of
 * its own, addressed to `queue`.
 *
 * @param eta  not to be run before; undefined runs at once
 */
export function encodeRetry(
  previous: Envelope,
  queue: string,
  eta: Date | undefined,
  now: Date = new Date(),
): Envelope {
  const { redelivered: _given, ...headers } = previous.headers;
  const { cdt_holder: _holder, ...properties } = previous.properties;
  return {
    ...previous,
    headers: {
      ...headers,
      retries: Number(headers.retries ?? 0) + 1,
      eta: eta ? writeIsoTime(eta) : null,
      [publishedAtHeader]: writeIsoTime(now),
    },
    properties: {
      ...properties,
      delivery_info: { exchange: "", routing_key: queue },
      delivery_tag: randomUUID(),
    },
  };
}
