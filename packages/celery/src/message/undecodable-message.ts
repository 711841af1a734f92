import { CeleryError } from "../celery-error.ts";

/** Why a message could not be read: stable words, kept with it in the dead-letter list. */
export type UndecodableReason =
  | "malformed"
  | "too-large"
  | "too-deep"
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
