import { Interrupted } from "../errors/interrupted.ts";
import { SettingsInvalid } from "../errors/settings.ts";
import { createLogger } from "../logging/logger.ts";
import { loadSettings, type Override } from "../settings/load.ts";
import type { LoadedSettings, Settings } from "../settings/settings.ts";
import type { Environment } from "../settings/sources.ts";
import type { CommandDefinition, ExitCode } from "./command.ts";
import { createOutput, type Streams } from "./output/create-output.ts";
import type { Output } from "./output/output.ts";
import { reportError } from "./report-error.ts";

/** What surrounds the program; tests give their own. */
export interface Host extends Streams {
  env: Environment;
  cwd: string;
  terminationLog: string;
}

/** Options that every command has. */
export interface GlobalOptions {
  output: Output["format"];
  verbose: boolean;
  /** Settings that the command line overrides. */
  overrides: readonly Override[];
}

/**
 * Runs one command: loads the settings, makes log and output, listens for SIGINT and SIGTERM, and turns what is thrown
 * into words and exit code 2, or what the command says of it.
 */
export async function runCommand<Input>(
  definition: CommandDefinition<Input>,
  input: Input,
  options: GlobalOptions,
  host: Host,
): Promise<ExitCode> {
  const interruption = listenForSignals();
  try {
    const loaded = loadSettings({ env: host.env, cwd: host.cwd, overrides: options.overrides });
    const settings = withLogLevel(loaded, definition.service === true, options.verbose);
    const terminal = host.stderr.isTTY === true;
    const log = createLogger(settings, { terminal, color: terminal && !host.env.NO_COLOR });
    for (const warning of loaded.warnings) log.warn(warning);
    const output = createOutput(options.output, host);
    return await definition.run(
      { settings, loaded, log, output, signal: interruption.signal, env: host.env, stdin: host.stdin },
      input,
    );
  } catch (error) {
    // A library's "aborted" is not worth telling when we know who aborted.
    const reason = interruption.signal.aborted && isAbort(error) ? interruption.signal.reason : error;
    if (reason instanceof SettingsInvalid && definition.withoutSettings) {
      return definition.withoutSettings(reason, createOutput(options.output, host), input);
    }
    const { verbose } = options;
    const ending = definition.ending?.(reason) ?? { exitCode: 2, help: undefined };
    const { terminationLog } = host;
    reportError(reason, host, { json: options.output === "json", verbose, terminationLog, help: ending.help });
    return ending.exitCode;
  } finally {
    interruption.stop();
  }
}

/** A second signal ends the program at once; but the terminal and a launcher may both bring the same keystroke. */
const sameKeystroke = 1000;

function listenForSignals(): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    if (first !== undefined && performance.now() - first > sameKeystroke) process.exit(name === "SIGINT" ? 130 : 143);
    first ??= performance.now();
    controller.abort(new Interrupted(name));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    stop: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal),
  };
}

/** A command that answers and ends keeps quiet about its doings, unless it is asked to speak. */
function withLogLevel({ settings, origins }: LoadedSettings, service: boolean, verbose: boolean): Settings {
  const chosen = origins.find(({ key }) => key === "logging.level")?.origin !== "built-in";
  const level = verbose ? "debug" : service || chosen ? settings.logging.level : "warn";
  return { ...settings, logging: { ...settings.logging, level } };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "Interrupted");
}
