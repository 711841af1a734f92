import { CancelledError } from "./data-transfer-error.ts";

/** Somebody asked the program to stop. */
export class Interrupted extends CancelledError {
  readonly code = "CDT-INTERRUPTED";
  readonly help = "run it again: it goes on from where it was";

  constructor(signal: string) {
    super(`interrupted by ${signal}`, { signal });
  }
}
