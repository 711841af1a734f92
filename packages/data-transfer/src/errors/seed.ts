import { ConfigurationError } from "./data-transfer-error.ts";

/** A file with sites and locations says something that cannot be. */
export class SeedInvalid extends ConfigurationError {
  readonly code = "CDT-SEED";
  readonly help = "ccat_data_transfer db seed --help";

  constructor(file: string, problems: readonly string[], options?: ErrorOptions) {
    super(
      `${file} cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
      { file, problems },
      options,
    );
  }
}
