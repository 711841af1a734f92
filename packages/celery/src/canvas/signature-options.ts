import { deflate, isDeflated } from "../message/compression.ts";
import { writeIsoTime } from "../message/iso-time.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import type { SendOptions } from "./send-options.ts";
import type { SignatureOptions } from "./signature.ts";

/** Options of a signature: where the task goes, and how it is sent. */
export interface SignatureSettings extends Omit<SendOptions, "args"> {
  queue?: string;
}

/**
 * The options by the names, and in the forms, that they have in messages.
 *
 * @throws {MalformedCanvas} for a stamp that has the name of an option, for a compression that is only read here
 */
export function signatureOptions(settings: SignatureSettings): SignatureOptions {
  const { compression, stamps = {}, eta, expires, link = [], linkError = [] } = settings;
  if (compression !== undefined && !isDeflated(compression)) deflate(Buffer.alloc(0), compression);
  const options: SignatureOptions = {};
  for (const [setting, option] of names) {
    const value: unknown = settings[setting];
    if (value !== undefined) options[option as string] = value;
  }
  // As texts, which every version of Celery reads.
  if (eta) options.eta = writeIsoTime(eta);
  if (expires instanceof Date) options.expires = writeIsoTime(expires);
  // As data alone, whatever they are written with.
  if (link.length > 0) options.link = link.map((callback) => ({ ...callback }));
  if (linkError.length > 0) options.link_error = linkError.map((errback) => ({ ...errback }));
  return Object.keys(stamps).length > 0 ? stamped(options, stamps) : options;
}

/** Celery keeps stamps among the options, and their names in `stamped_headers`. */
export function stamped(options: SignatureOptions, stamps: Readonly<Record<string, unknown>>): SignatureOptions {
  const stampNames = Object.keys(stamps);
  for (const name of stampNames) {
    if (taken.has(name)) throw new MalformedCanvas(`the stamp ${name}`, "that is the name of one of Celery's options");
  }
  const before = Array.isArray(options.stamped_headers) ? options.stamped_headers : [];
  return { ...options, ...stamps, stamped_headers: [...new Set([...before, ...stampNames])] };
}

const names = [
  ["id", "task_id"],
  ["queue", "queue"],
  ["exchange", "exchange"],
  ["routingKey", "routing_key"],
  ["priority", "priority"],
  ["countdown", "countdown"],
  ["eta", "eta"],
  ["expires", "expires"],
  ["timeLimit", "time_limit"],
  ["softTimeLimit", "soft_time_limit"],
  ["ignoreResult", "ignore_result"],
  ["shadow", "shadow"],
  ["serializer", "serializer"],
  ["compression", "compression"],
  ["replyTo", "reply_to"],
  ["headers", "headers"],
  ["groupId", "group_id"],
  ["groupIndex", "group_index"],
  ["parentId", "parent_id"],
  ["rootId", "root_id"],
] as const satisfies readonly (readonly [keyof SignatureSettings, string])[];

const taken: ReadonlySet<string> = new Set([
  ...names.map(([, option]) => option),
  ...[
    "link",
    "link_error",
    "args",
    "kwargs",
    "chain",
    "chord",
    "retries",
    "origin",
    "stamped_headers",
    "replaced_task_nesting",
    "task_type",
  ],
]);
