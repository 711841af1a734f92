/**
 * What an error means for the work: transient (try again later), configuration (waits for a person), integrity (another
 * source, else fail), space (waits for room), cancelled (somebody asked for it). Retry, report, metric and exit code
 * follow from it; nothing looks at message texts.
 */
export type ErrorKind = "transient" | "configuration" | "integrity" | "space" | "cancelled";

/** The base of every error that a person may see: a stable code, a sentence (`message`), and the command that helps. */
export abstract class DataTransferError extends Error {
  abstract readonly kind: ErrorKind;
  /** Stable; has an entry in docs/error-codes.md. */
  abstract readonly code: `CDT-${string}`;
  /** The command, or the act, that helps. */
  abstract readonly help: string;
  /** The facts behind the sentence, for logs and `--output json`. Never a secret. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(message: string, facts: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.facts = facts;
  }

  toJSON(): Record<string, unknown> {
    return { code: this.code, kind: this.kind, message: this.message, help: this.help, facts: this.facts };
  }
}

export abstract class TransientError extends DataTransferError {
  readonly kind = "transient";
}

export abstract class ConfigurationError extends DataTransferError {
  readonly kind = "configuration";
}

export abstract class IntegrityError extends DataTransferError {
  readonly kind = "integrity";
}

export abstract class SpaceError extends DataTransferError {
  readonly kind = "space";
}

export abstract class CancelledError extends DataTransferError {
  readonly kind = "cancelled";
}
