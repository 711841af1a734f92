import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type BodyOptions, decodeBody, encodeBody } from "./body.ts";
import { isDeflated } from "./compression.ts";
import type { Envelope } from "./envelope.ts";
import { isRecord } from "./inert-json.ts";
import { writeIsoTime } from "./iso-time.ts";
import { argsRepr, pythonRepr } from "./python-repr.ts";

/** A task to be sent. Only its queue (or exchange and routing key) and name are needed. */
export interface TaskToSend extends BodyOptions {
  /** Goes through the anonymous exchange, whose routing key is the queue's name. */
  queue?: string;
  /** Instead of the queue, together with `routingKey`. */
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
  /** Reprs of the arguments to be shown instead of the arguments themselves. */
  argsrepr?: string;
  kwargsrepr?: string;
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

/** As Python's anonymous nodes are named: `gen<pid>@<host>`. */
const ourselves = `gen${process.pid}@${hostname()}`;

/**
 * Makes the message of a task, protocol 2, with the headers that Celery 5.6 writes (celery/app/amqp.py, `as_task_v2`) and
 * a fresh delivery tag.
 *
 * @param now  stands for the present when countdown and expires are turned into times
 * @throws {UnencodableValue} when an argument cannot be written, or serializer or compression is unknown
 */
export function encodeTask(task: TaskToSend, now: Date = new Date()): Envelope {
  const id = task.id ?? randomUUID();
  const args = task.args ?? [];
  const kwargs = task.kwargs ?? {};
  const eta = task.eta ?? (task.countdown ? later(now, task.countdown) : undefined);
  const expires = typeof task.expires === "number" ? later(now, task.expires) : task.expires;
  const embed: Embed = { callbacks: null, errbacks: null, chain: null, chord: null, ...task.embed };
  const body = encodeBody([args, kwargs, embed], task);
  return {
    ...body,
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
      argsrepr: task.argsrepr ?? argsRepr(args),
      kwargsrepr: task.kwargsrepr ?? pythonRepr(kwargs),
      origin: task.origin ?? ourselves,
      ignore_result: task.ignoreResult ?? false,
      replaced_task_nesting: task.replacedTaskNesting ?? 0,
      stamped_headers: task.stamps ? Object.keys(task.stamps) : null,
      stamps: task.stamps ?? {},
      [publishedAtHeader]: writeIsoTime(now),
      ...task.headers,
      ...body.headers,
    },
    properties: {
      correlation_id: id,
      reply_to: task.replyTo ?? "",
      delivery_mode: 2,
      delivery_info: { exchange: task.exchange ?? "", routing_key: task.routingKey ?? task.queue ?? "" },
      priority: task.priority ?? 0,
      body_encoding: "base64",
      delivery_tag: randomUUID(),
    },
  };
}

/**
 * The message of a task's next try: the same id, body, priority and headers (also those we do not know), one more in
 * `retries`, and a delivery tag of its own, addressed to `queue`. In a message of protocol 1 retries and eta stand in
 * the body, which is then written anew with the serializer and compression that it had (zlib instead of bzip2 and lzma, which are
 * only read here).
 *
 * @param eta  not to be run before; undefined runs at once
 */
export function encodeRetry(
  previous: Envelope,
  queue: string,
  eta: Date | undefined,
  now: Date = new Date(),
): Envelope {
  const again = encodeAgain(previous, queue, now);
  const next = { eta: eta ? writeIsoTime(eta) : null };
  if (again.headers.task !== undefined) {
    return { ...again, headers: { ...again.headers, ...next, retries: nextRetry(again.headers) } };
  }
  const body = decodeBody(previous, readBefore, [previous["content-type"]]);
  if (!isRecord(body)) return again;
  const rewritten = encodeBody(
    { ...body, ...next, retries: nextRetry(body) },
    { serializer: previous["content-type"], ...compressionOf(previous) },
  );
  return { ...again, ...rewritten, headers: { ...again.headers, ...rewritten.headers } };
}

/** The same message once more, as if it had never been delivered: all but the delivery tag and the address is as it was. */
export function encodeAgain(previous: Envelope, queue: string, now: Date = new Date()): Envelope {
  const { redelivered: _given, ...headers } = previous.headers;
  const { cdt_holder: _holder, cdt_deaths: _deaths, ...properties } = previous.properties;
  return {
    ...previous,
    headers: { ...headers, [publishedAtHeader]: writeIsoTime(now) },
    properties: {
      ...properties,
      delivery_info: { exchange: "", routing_key: queue },
      delivery_tag: randomUUID(),
    },
  };
}

/** The limits of a message that was read already, whatever its reader's were. */
const readBefore = { maxLength: Number.POSITIVE_INFINITY, maxDepth: 500, maxAliases: Number.POSITIVE_INFINITY };

function nextRetry(fields: Record<string, unknown>): number {
  return Number(fields.retries ?? 0) + 1;
}

function compressionOf({ headers: { compression } }: Envelope): BodyOptions {
  if (typeof compression !== "string") return {};
  return { compression: isDeflated(compression) ? compression : "zlib" };
}

function later(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}
