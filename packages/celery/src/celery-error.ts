/** What an error means for the caller: transient (try again), configuration (waits for a person), message (this one is bad). */
export type CeleryErrorKind = "transient" | "configuration" | "message";

/** The base of every error this package raises on purpose: a stable code, a sentence (`message`), and what helps. */
export abstract class CeleryError extends Error {
  abstract readonly kind: CeleryErrorKind;
  abstract readonly code: `CDT-${string}`;
  abstract readonly help: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
