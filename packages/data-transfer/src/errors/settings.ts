import { ConfigurationError } from "./data-transfer-error.ts";

/** One thing that is wrong with the settings. */
export interface SettingsProblem {
  /** The file with its section, or the environment variable; for a missing value, where one may set it. */
  where: string;
  /** `redis.port`; undefined where no key can be named (a file that is not TOML). */
  key: string | undefined;
  /** As it may be shown: masked if it is a secret. */
  found: string;
  expected: string;
}

/** The settings cannot be used. Tells everything that is wrong at once, so that one look repairs it. */
export class SettingsInvalid extends ConfigurationError {
  readonly code = "CDT-SETTINGS";
  readonly help = "ccat_data_transfer settings show   # when it starts; every key is explained in docs/settings.md";
  readonly problems: readonly SettingsProblem[];

  constructor(problems: readonly SettingsProblem[]) {
    const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
    super(`the settings cannot be used (${count}):\n${problems.map(line).join("\n")}`, { problems });
    this.problems = problems;
  }
}

function line({ where, key, found, expected }: SettingsProblem): string {
  return `  ${where}: ${key === undefined ? "" : `${key}: `}found ${found}, expected ${expected}`;
}
