import { CeleryError } from "../celery-error.ts";

/** Why a message could not be read: stable words, kept with it in the dead-letter list. */
export type UndecodableReason =
  | "malformed"
  | "too-large"
  | "too-deep"
  | "too-many-aliases"
  | "pickle-refused"
  | "content-not-accepted"
  | "unknown-type"
  | "unsupported-content-type"
  | "unsupported-encoding"
  | "unsupported-compression"
  | "unsupported-protocol";

/** A message that is not a task we can read. It will not get better: put it aside with its reason and go on. */
export class UndecodableMessage extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-UNDECODABLE-MESSAGE";
  readonly help = "look at the dead-letter list, and at the program that sent the message";
  readonly reason: UndecodableReason;

  constructor(reason: UndecodableReason, text: string, options?: ErrorOptions) {
    super(text, options);
    this.reason = reason;
  }
}

export function malformed(text: string, cause?: unknown): UndecodableMessage {
  // A parser's own words quote the message, which may hold what does not belong into a log.
  return new UndecodableMessage("malformed", text, cause === undefined ? {} : { cause: new Error(nameOf(cause)) });
}

export function tooDeep(levels: number): UndecodableMessage {
  return new UndecodableMessage("too-deep", `nested deeper than ${levels} levels`);
}

/** A few characters of a word from a message, to be shown. */
export function shown(word: unknown): string {
  return typeof word === "string" ? JSON.stringify(word.slice(0, 100)) : `a ${typeof word}`;
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : typeof cause;
}
