import { ConfigurationError } from "./data-transfer-error.ts";

/** Something that nobody foresaw: a fault of the program. The cause is what was thrown. */
export class InternalError extends ConfigurationError {
  readonly code = "CDT-INTERNAL";
  readonly help = "run it again with --verbose, and report what it then says";

  constructor(cause: unknown) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause), {}, { cause });
  }
}
