import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { catalogue, groups, mayBeMeant } from "./catalogue.ts";
import type { ExitCode } from "./command.ts";
import { commanderOption, globalOptions, parseAndRun, registerCommand } from "./register.ts";
import { reportError } from "./report-error.ts";
import { type Host, runCommand } from "./run.ts";

/**
 * The program. Never throws.
 *
 * @param argv  without `node` and the script
 */
export async function main(argv: readonly string[], host: Host): Promise<ExitCode> {
  const program = new Command("ccat_data_transfer")
    .description("Stages archived raw data packages onto the processing file system.")
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      // What is wrong is told by reportError, in the form of every other error.
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true });
  for (const option of globalOptions) program.addOption(commanderOption(option));
  const meant = catalogue.filter((entry) => mayBeMeant(entry, argv));
  // Whoever names no command is shown all of them, with their arguments.
  const shown = meant.length > 0 ? meant : catalogue;
  for (const entry of catalogue) {
    const definition = shown.includes(entry) ? await entry.load() : undefined;
    registerCommand(program, { ...entry, definition, groups }, (command, input, options) =>
      runCommand(command, input, options, host),
    );
  }
  try {
    return await parseAndRun(program, argv);
  } catch (error) {
    const json = argv.some(
      (word, index) => word === "--output=json" || (word === "--output" && argv[index + 1] === "json"),
    );
    reportError(error, host, { json, verbose: argv.includes("--verbose"), terminationLog: host.terminationLog });
    return 2;
  }
}

/** The process itself, as the program's surroundings. */
export function processHost(): Host {
  const { env, stdin, stdout, stderr } = process;
  // Whoever reads our answer may have enough of it (`| head`).
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));
  return { env, cwd: process.cwd(), stdin, stdout, stderr, terminationLog: "/dev/termination-log" };
}
