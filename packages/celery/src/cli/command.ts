import type { Level, Logger } from "pino";
import type { Addresses, App, AppConnection } from "./app-definition.ts";
import type { Output, Stream } from "./output.ts";

/** 0 done or nothing to do; 1 done, and problems were found; 2 could not run. */
export type ExitCode = 0 | 1 | 2;

/** What every command gets to work with. */
export interface CommandContext {
  /**
   * The app that `-A` names; without one, an app of nothing but the broker and the result store that are named otherwise.
   *
   * @throws {UsageError} when the module cannot be used, or when nothing names a broker
   */
  app(): Promise<LoadedApp>;
  /** Connects to what the app, the environment or the command line names. @throws {RedisError} @throws {UsageError} */
  connect(): Promise<AppConnection>;
  output: Output;
  /**
   * The program's log.
   *
   * @param level  `warn` by default: commands that are no service say little
   * @param color  what the app says; the command line and NO_COLOR win over it
   */
  log(level?: Level, color?: boolean): Logger;
  /** Whether words beside the answer are unwelcome. */
  quiet: boolean;
  /** Aborted by SIGINT and SIGTERM, for commands that are no service. */
  signal: AbortSignal;
  host: Host;
}

export interface LoadedApp {
  app: App;
  /** Where it stands, and as which export if not the default one; undefined without `-A`. */
  module: { path: string; exportName: string | undefined } | undefined;
  /** Where broker and results are: what `-b` and `--result-backend` say wins over the environment, and that over the app. */
  addresses: Addresses;
}

/** What surrounds the program; tests give their own. */
export interface Host {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  stdout: Stream;
  stderr: Stream;
  /** It is the process itself: the log may write past `stderr`, at once. */
  isProcess?: true;
}

/** Argument as it stands in the help: `<name>`, `[name]`, `[names...]`. */
export interface CommandArgument {
  name: string;
  description: string;
}

export interface CommandOption {
  /** As commander writes them: `--purge`, `-c, --concurrency <count>`. */
  flags: string;
  /** With its unit. */
  description: string;
  choices?: readonly string[];
  default?: string | number | boolean;
  /** Reads the text that was given. @throws {UsageError} */
  read?: (text: string, option: string) => unknown;
  /** Understood, and not in the help: another name of another option. */
  hidden?: true;
  /** Of Celery, and not ours: whoever gives it reads this sentence. It does not stand in the help. */
  refused?: string;
}

/**
 * One command, as data: the help is made from it, and so is the parser. `Input` has one field for each argument and each
 * option, in camel case.
 */
export interface Command<Input = Record<string, unknown>> {
  /** With its group: `dead-letters list`. */
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What it does, where the summary does not say it all. */
  description?: string;
  /** Further lines of the help, kept as they are. */
  details?: string;
  arguments?: readonly CommandArgument[];
  options?: readonly CommandOption[];
  /** At least two that work as they stand, each with what it is good for. */
  examples: readonly [Example, Example, ...Example[]];
  /** It runs until it is told to stop, minds signals itself, and logs what it does; other commands log warnings only. */
  service?: true;
  /** Errors thrown here are told to the user and end the program with exit code 2. */
  run(context: CommandContext, input: Input): Promise<ExitCode>;
}

export interface Example {
  command: string;
  purpose: string;
}

// biome-ignore lint/suspicious/noExplicitAny: commands of every input stand in one list.
export type AnyCommand = Command<any>;
