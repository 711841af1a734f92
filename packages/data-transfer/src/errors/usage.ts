import { ConfigurationError } from "./data-transfer-error.ts";

/** A command was called with something it cannot use. Ends the program with exit code 2. */
export class UsageError extends ConfigurationError {
  readonly code = "CDT-USAGE";
  readonly help: string;

  constructor(message: string, help = "ccat_data_transfer --help", facts: Readonly<Record<string, unknown>> = {}) {
    super(message, facts);
    this.help = help;
  }
}
