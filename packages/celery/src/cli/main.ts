import { Command as Commander } from "commander";
import type { Level } from "pino";
import { CeleryError } from "../celery-error.ts";
import { software } from "../worker/events/software.ts";
import { addressesOf, defineApp } from "./app.ts";
import type { App } from "./app-definition.ts";
import type { AnyCommand, CommandContext, CommandOption, ExitCode, Host, LoadedApp } from "./command.ts";
import { commands, groups, notCommands } from "./commands.ts";
import { connectApp } from "./connect-app.ts";
import { loadApp } from "./load-app.ts";
import { createLog } from "./log.ts";
import { createOutput } from "./output.ts";
import { commanderOption, parseAndRun, registerCommand } from "./register.ts";
import { reportError } from "./report-error.ts";
import { UsageError } from "./usage-error.ts";

/** Options that may stand before or after the command, as with Celery. */
export const globalOptions: readonly CommandOption[] = [
  { flags: "-A, --app <file>", description: "module whose default export is the app, TypeScript or JavaScript" },
  { flags: "-b, --broker <url>", description: "URL of the broker, in place of the app's" },
  { flags: "--result-backend <url>", description: "URL of the result store, in place of the app's" },
  { flags: "--output <format>", description: "form of the answer", choices: ["table", "json"], default: "table" },
  { flags: "-j, --json", description: "the same as --output json" },
  { flags: "-C, --no-color", description: "no colours in the log" },
  { flags: "-q, --quiet", description: "no banner, no words beside the answer" },
];

/**
 * The program `celery-node`. Never throws.
 *
 * @param argv  without `node` and the script
 */
export async function main(argv: readonly string[], host: Host = processHost()): Promise<ExitCode> {
  const program = new Commander("celery-node")
    .description("A Celery worker for Node, and the tools to look at Celery workers of any language.")
    .version(software.sw_ver)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      // What is wrong is told by reportError, in the form of every other error.
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true });
  for (const option of globalOptions) program.addOption(commanderOption(option));
  for (const command of commands) {
    registerCommand(program, command, groups, (definition, input, globals) =>
      runCommand(definition, input, globals as Globals, host),
    );
  }
  for (const [name, why] of Object.entries(notCommands)) {
    const refused = program.command(name, { hidden: true }).allowUnknownOption().argument("[anything...]");
    refused.action(() => {
      throw new UsageError(`celery-node has no ${name}: ${why}`);
    });
  }
  const json = argv.some((word, i) =>
    /^(-j|--json|--output[= ]json)$/.test(word === "--output" ? `${word} ${argv[i + 1]}` : word),
  );
  try {
    return await parseAndRun(program, argv);
  } catch (error) {
    reportError(error, host, json);
    return 2;
  }
}

async function runCommand(
  command: AnyCommand,
  input: Record<string, unknown>,
  globals: Globals,
  host: Host,
): Promise<ExitCode> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new Interrupted());
  if (!command.service) process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    return await command.run(contextOf(globals, host, interruption.signal), input);
  } catch (error) {
    throw interruption.signal.aborted ? interruption.signal.reason : error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

interface Globals {
  app?: string;
  broker?: string;
  resultBackend?: string;
  output?: string;
  json?: boolean;
  color?: boolean;
  quiet?: boolean;
}

function contextOf(globals: Globals, host: Host, signal: AbortSignal): CommandContext {
  let loaded: Promise<LoadedApp> | undefined;
  const app = () => {
    loaded ??= load();
    return loaded;
  };
  async function load(): Promise<LoadedApp> {
    const { app, module } =
      globals.app === undefined ? { app: nothing(), module: undefined } : await loadApp(globals.app, host.cwd);
    const own = addressesOf(app, host.env);
    const addresses = { broker: globals.broker ?? own.broker, backend: globals.resultBackend ?? own.backend };
    if (addresses.broker === undefined) {
      throw new UsageError(
        module === undefined
          ? "say where the broker is, or which app's it is"
          : `neither ${module.path} nor anything else names a broker`,
        "--broker redis://localhost:6379/0, --app app.ts, or CELERY_BROKER_URL",
      );
    }
    return { app, module, addresses };
  }

  const quiet = globals.quiet === true;
  const terminal = host.stderr.isTTY === true;
  const log = (level: Level = "warn", wanted: boolean = terminal) => {
    const color = globals.color !== false && wanted && !host.env.NO_COLOR;
    return createLog({ level, pretty: terminal, color, ...(host.isProcess ? {} : { sink: host.stderr }) });
  };
  return {
    app,
    async connect() {
      const { app: definition, addresses } = await app();
      return connectApp(definition, addresses, { signal, log: log() });
    },
    output: createOutput(globals.json || globals.output === "json" ? "json" : "table", { ...host, quiet }),
    log,
    quiet,
    signal,
    host,
  };
}

/** For commands that need a broker and no tasks. */
function nothing(): App {
  return defineApp({ tasks: [] });
}

/** Somebody pressed Ctrl-C. */
class Interrupted extends CeleryError {
  readonly kind = "transient";
  readonly code = "CDT-CELERY-INTERRUPTED";
  readonly help = "the same command again";

  constructor() {
    super("interrupted");
  }
}

/** The process itself, as the program's surroundings. */
function processHost(): Host {
  const { env, stdout, stderr } = process;
  // Whoever reads our answer may have enough of it (`| head`).
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));
  return { env, cwd: process.cwd(), stdout, stderr, isProcess: true };
}
