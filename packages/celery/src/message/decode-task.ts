import { decodeBody } from "./body.ts";
import type { Embed } from "./encode-task.ts";
import type { Envelope } from "./envelope.ts";
import { checkEnvelope, isRedelivered, readEnvelope } from "./envelope-text.ts";
import { isRecord } from "./inert-json.ts";
import { defaultLimits, type MessageLimits } from "./limits.ts";
import { defaultAccept } from "./serializers.ts";
import {
  optionalCount,
  optionalList,
  optionalText,
  optionalTime,
  priorityOf,
  requiredText,
  shownText,
  type TaskFields,
  textsIn,
  timeLimits,
} from "./task-fields.ts";
import { malformed, UndecodableMessage } from "./undecodable-message.ts";

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
 * Reads a task message of protocol 1, protocol 2 or the hybrid of both (celery 5.6 `worker/strategy.py`), in any
 * serializer that is accepted and any compression that there is. It either answers a task whose members have the types
 * they promise, or throws {@link UndecodableMessage}; no message makes it do anything else.
 *
 * Every field but the task's name and id is optional, since older peers leave some out.
 *
 * @param message  the text that lay in the queue, or its envelope
 * @throws {UndecodableMessage}
 */
export function decodeTask(message: string | Envelope, options: DecodeOptions = {}): DecodedTask {
  const { limits = defaultLimits, accept = defaultAccept } = options;
  const envelope = typeof message === "string" ? readEnvelope(message, limits) : checkEnvelope(message);
  const { headers, properties } = envelope;
  const { protocol, fields, args, kwargs, embed } = partsOf(headers, decodeBody(envelope, limits, accept));
  const naive = fields.utc === false ? "local" : "utc";
  const stampedHeaders = textsIn(fields.stamped_headers);
  return {
    protocol,
    id: requiredText(fields, "id"),
    name: requiredText(fields, "task"),
    args,
    kwargs,
    embed,
    retries: optionalCount(fields, "retries") ?? 0,
    eta: optionalTime(fields, "eta", naive),
    expires: optionalTime(fields, "expires", naive),
    timeLimits: timeLimits(fields.timelimit),
    redelivered: isRedelivered(envelope),
    priority: priorityOf(properties.priority),
    ignoreResult: fields.ignore_result === true,
    replyTo: optionalText(properties, "reply_to"),
    rootId: optionalText(fields, "root_id"),
    parentId: optionalText(fields, "parent_id"),
    groupId: optionalText(fields, "group"),
    groupIndex: optionalCount(fields, "group_index"),
    correlationId: shownText(properties, "correlation_id"),
    shadow: shownText(fields, "shadow"),
    origin: shownText(fields, "origin"),
    argsrepr: shownText(fields, "argsrepr"),
    kwargsrepr: shownText(fields, "kwargsrepr"),
    replacedTaskNesting: optionalCount(fields, "replaced_task_nesting") ?? 0,
    stampedHeaders,
    stamps: stampsOf(fields.stamps, stampedHeaders),
    headers,
    envelope,
  };
}

interface TaskParts {
  protocol: 1 | 2;
  fields: TaskFields;
  args: unknown[];
  kwargs: Record<string, unknown>;
  embed: Embed;
}

function partsOf(headers: TaskFields, body: unknown): TaskParts {
  if (headers.task !== undefined) return isRecord(body) ? hybrid(headers, body) : protocol2(headers, body);
  if (isRecord(body) && body.task !== undefined) return protocol1(body);
  throw new UndecodableMessage("unsupported-protocol", "neither headers nor body name a task: no message of Celery's");
}

function protocol2(headers: TaskFields, body: unknown): TaskParts {
  if (!Array.isArray(body)) throw malformed("the body is not [args, kwargs, embed]");
  const [args, kwargs, embed = {}] = body;
  if (!isRecord(embed)) throw malformed("the third part of the body is not an object");
  const chain = optionalList(embed, "chain");
  return { protocol: 2, fields: headers, ...argumentsOf(args, kwargs), embed: { ...embedOf(embed), chain } };
}

/** The headers win; nobody can have meant the body's, as they are what a worker looks at first. */
function hybrid(headers: TaskFields, body: TaskFields): TaskParts {
  if (body.args === undefined) throw malformed("the body has no args");
  return { ...protocol1(body), protocol: 2, fields: Object.assign(Object.create(null), body, headers) };
}

function protocol1(body: TaskFields): TaskParts {
  const { args = [], kwargs = Object.create(null), taskset } = body;
  const fields: TaskFields =
    taskset === undefined ? body : Object.assign(Object.create(null), body, { group: taskset });
  return { protocol: 1, fields, ...argumentsOf(args, kwargs), embed: embedOf(body) };
}

function argumentsOf(args: unknown, kwargs: unknown): Pick<TaskParts, "args" | "kwargs"> {
  if (!Array.isArray(args)) throw malformed("args is not a list");
  if (!isRecord(kwargs)) throw malformed("kwargs is not an object");
  return { args, kwargs };
}

function embedOf(owner: TaskFields): Embed {
  return {
    callbacks: optionalList(owner, "callbacks"),
    errbacks: optionalList(owner, "errbacks"),
    chain: null,
    chord: owner.chord ?? null,
  };
}

function stampsOf(values: unknown, names: readonly string[]): Record<string, unknown> {
  const stamps: Record<string, unknown> = Object.create(null);
  for (const name of names) stamps[name] = isRecord(values) ? (values[name] ?? null) : null;
  return stamps;
}
