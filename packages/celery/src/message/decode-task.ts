import type { Embed } from "./encode-task.ts";
import type { Envelope } from "./envelope.ts";
import { checkEnvelope, isRedelivered, readEnvelope } from "./envelope-text.ts";
import { defaultLimits, isRecord, type MessageLimits, parseInertJson } from "./inert-json.ts";
import { readIsoTime } from "./iso-time.ts";
import { UndecodableMessage } from "./undecodable-message.ts";

/** A task as a message says it, whatever its protocol and serializer. All objects in it are without a prototype. */
export interface DecodedTask {
  /** 1: all about the task stands in the body. 2: in the headers (also the hybrid, whose body is an object nevertheless). */
  protocol: 1 | 2;
  id: string;
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  embed: Embed;
  retries: number;
  /** Not to be run before. */
  eta: Date | undefined;
  /** Not to be run after. */
  expires: Date | undefined;
  /** Hard and soft limit in seconds. */
  timeLimits: [hard: number | null, soft: number | null];
  redelivered: boolean;
  /** 0 to 9; 0 is served first. */
  priority: number;
  ignoreResult: boolean;
  replyTo: string | undefined;
  rootId: string | undefined;
  parentId: string | undefined;
  groupId: string | undefined;
  groupIndex: number | undefined;
  correlationId: string | undefined;
  /** The name by which the task is shown instead of its own. */
  shadow: string | undefined;
  /** Who sent it: `gen<pid>@<host>`. */
  origin: string | undefined;
  /** Python's reprs of the arguments, cut short by the sender; undefined when the message has none. */
  argsrepr: string | undefined;
  kwargsrepr: string | undefined;
  /** How often the task was put in another's place (`self.replace()`). */
  replacedTaskNesting: number;
  /** Names of the stamps. */
  stampedHeaders: string[];
  /** The values of {@link stampedHeaders}, and of nothing else. */
  stamps: Record<string, unknown>;
  /** All headers, those we do not know included. */
  headers: Record<string, unknown>;
  envelope: Envelope;
}

export interface DecodeOptions {
  limits?: MessageLimits;
  /** Celery's `accept_content`: serializers by name or content type (default `json`). Pickle is refused, listed or not. */
  accept?: readonly string[];
}

/**
 * Reads a task message of protocol 2 with a JSON body. It either answers a task whose members have the types they
 * promise, or throws {@link UndecodableMessage}; no message makes it do anything else.
 *
 * Every header but `task` and `id` is optional, since older peers leave some out. Protocol 1 and other serializers are
 * refused with a reason.
 *
 * @param message  the text that lay in the queue, or its envelope
 * @throws {UndecodableMessage}
 */
export function decodeTask(message: string | Envelope, options: DecodeOptions = {}): DecodedTask {
  const { limits = defaultLimits } = options;
  const envelope = typeof message === "string" ? readEnvelope(message, limits) : checkEnvelope(message);
  const { headers, properties } = envelope;
  if (headers.task === undefined) {
    throw new UndecodableMessage("unsupported-protocol", "no task header: not a message of Celery's protocol 2");
  }
  const [args, kwargs, embed] = readBody(envelope, limits);
  const stampedHeaders = texts(headers.stamped_headers);
  const stamps: Record<string, unknown> = Object.create(null);
  for (const name of stampedHeaders) stamps[name] = isRecord(headers.stamps) ? headers.stamps[name] : undefined;
  return {
    protocol: 2,
    id: requiredText(headers, "id"),
    name: requiredText(headers, "task"),
    args,
    kwargs,
    embed,
    retries: optionalCount(headers, "retries") ?? 0,
    eta: time(headers, "eta"),
    expires: time(headers, "expires"),
    timeLimits: timeLimits(headers.timelimit),
    redelivered: isRedelivered(envelope),
    priority: typeof properties.priority === "number" ? properties.priority : 0,
    ignoreResult: headers.ignore_result === true,
    replyTo: optionalText(properties, "reply_to"),
    rootId: optionalText(headers, "root_id"),
    parentId: optionalText(headers, "parent_id"),
    groupId: optionalText(headers, "group"),
    groupIndex: optionalCount(headers, "group_index"),
    correlationId: textOrNone(properties.correlation_id),
    shadow: textOrNone(headers.shadow),
    origin: textOrNone(headers.origin),
    argsrepr: textOrNone(headers.argsrepr),
    kwargsrepr: textOrNone(headers.kwargsrepr),
    replacedTaskNesting: optionalCount(headers, "replaced_task_nesting") ?? 0,
    stampedHeaders,
    stamps,
    headers,
    envelope,
  };
}

function readBody(envelope: Envelope, limits: MessageLimits): [unknown[], Record<string, unknown>, Embed] {
  const body = parseInertJson(bodyText(envelope, limits), limits);
  if (!Array.isArray(body)) throw malformed("the body is not [args, kwargs, embed]");
  const [args, kwargs, embed = {}] = body;
  if (!Array.isArray(args)) throw malformed("args is not a list");
  if (!isRecord(kwargs)) throw malformed("kwargs is not an object");
  if (!isRecord(embed)) throw malformed("the third part of the body is not an object");
  return [
    args,
    kwargs,
    {
      callbacks: optionalList(embed, "callbacks"),
      errbacks: optionalList(embed, "errbacks"),
      chain: optionalList(embed, "chain"),
      chord: embed.chord ?? null,
    },
  ];
}

function bodyText(envelope: Envelope, limits: MessageLimits): string {
  const type = envelope["content-type"];
  if (type !== "application/json") throw unsupported("content-type", type);
  if (!/^utf-?8$/i.test(envelope["content-encoding"])) throw unsupported("encoding", envelope["content-encoding"]);
  const { compression } = envelope.headers;
  if (compression !== undefined && compression !== null) throw unsupported("compression", compression);

  const encoding = envelope.properties.body_encoding ?? null;
  if (encoding === null) return envelope.body;
  if (encoding !== "base64") throw unsupported("encoding", encoding);
  // Each 4 characters hold 3 bytes: whatever is beyond the limit is known to be before any of it is decoded.
  if (envelope.body.length > (limits.maxLength / 3) * 4 + 4) {
    throw new UndecodableMessage("too-large", `the body is larger than ${limits.maxLength} bytes`);
  }
  if (!base64.test(envelope.body)) throw malformed("the body is not base64");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(envelope.body, "base64"));
  } catch (cause) {
    throw new UndecodableMessage("malformed", "the body is not UTF-8", { cause });
  }
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

function requiredText(headers: Record<string, unknown>, name: string): string {
  const value = headers[name];
  if (typeof value !== "string" || value === "") throw malformed(`the header ${name} is not a text`);
  return value;
}

function optionalText(owner: Record<string, unknown>, name: string): string | undefined {
  const value = owner[name] ?? "";
  if (typeof value !== "string") throw malformed(`${name} is not a text`);
  return value === "" ? undefined : value;
}

function optionalList(owner: Record<string, unknown>, name: string): unknown[] | null {
  const value = owner[name] ?? null;
  if (value !== null && !Array.isArray(value)) throw malformed(`${name} is not a list`);
  return value;
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}

function optionalCount(headers: Record<string, unknown>, name: string): number | undefined {
  const value = headers[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed(`the header ${name} is not a count`);
  return value as number;
}

function time(headers: Record<string, unknown>, name: string): Date | undefined {
  const value = headers[name] ?? null;
  if (value === null) return undefined;
  const read = typeof value === "string" ? readIsoTime(value) : undefined;
  if (!read) throw malformed(`the header ${name} is not a time`);
  return read;
}

function timeLimits(value: unknown): [number | null, number | null] {
  if (value === undefined || value === null) return [null, null];
  if (!Array.isArray(value) || value.length !== 2 || !value.every((limit) => limit === null || isSeconds(limit))) {
    throw malformed("the header timelimit is not a pair of seconds");
  }
  return [value[0], value[1]];
}

function isSeconds(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}

function malformed(text: string): UndecodableMessage {
  return new UndecodableMessage("malformed", text);
}

function unsupported(what: "content-type" | "encoding" | "compression", found: unknown): UndecodableMessage {
  const shown = typeof found === "string" ? found.slice(0, 100) : typeof found;
  return new UndecodableMessage(`unsupported-${what}`, `cannot read ${what} ${shown}`);
}
