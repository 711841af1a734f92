import type { Logger } from "pino";
import type { LoadedSettings, Settings } from "../settings/settings.ts";
import type { Environment } from "../settings/sources.ts";
import type { Output } from "./output/output.ts";

/** 0 done or nothing to do; 1 done, and problems were found; 2 could not run. */
export type ExitCode = 0 | 1 | 2;

/** What every command gets to work with. */
export interface CommandContext {
  settings: Settings;
  /** The settings with their origins, for the command that shows them. */
  loaded: LoadedSettings;
  log: Logger;
  output: Output;
  /** Aborted by SIGINT and SIGTERM; its reason is an {@link Interrupted}. */
  signal: AbortSignal;
  /** For variables that are not ours, those of AWS. */
  env: Environment;
  stdin: NodeJS.ReadStream;
}

/** Argument as it stands in the help: `<location>`, `[location]`, `[packages...]`. */
export interface CommandArgument {
  name: string;
  description: string;
}

export interface CommandOption {
  /** As commander writes them: `--follow`, `-n, --limit <count>`. */
  flags: string;
  /** With its unit. */
  description: string;
  choices?: readonly string[];
  default?: string | boolean;
  /** May be given several times; the input is then a list, empty without any. */
  repeatable?: true;
  /** The setting that this option overrides (`health.port`); it is then checked as the setting is, and not part of the input. */
  setting?: string;
}

/**
 * One command, as data: the help is made from it, and so is the parser. `Input` has one field for each argument and each
 * option, in camel case.
 */
export interface CommandDefinition<Input = Record<string, unknown>> {
  /** What it does, where its line in the catalogue does not say it all. */
  description?: string;
  arguments?: readonly CommandArgument[];
  options?: readonly CommandOption[];
  /** At least two that work as they stand, each with what it is good for. */
  examples: readonly [Example, Example, ...Example[]];
  /** It runs until it is stopped, and logs what it does; other commands log warnings only. */
  service?: true;
  /** How an error that ends this command is told: its exit code (2 by default), and what helps instead of its own words. */
  ending?: (error: unknown) => { exitCode: ExitCode; help: string | undefined };
  /** Errors thrown here are told to the user by {@link runCommand} and end the program with exit code 2. */
  run(context: CommandContext, input: Input): Promise<ExitCode>;
}

export interface Example {
  command: string;
  purpose: string;
}
