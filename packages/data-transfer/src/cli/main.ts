import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { ExitCode } from "./command.ts";
import { dbInspect } from "./commands/db-inspect.ts";
import { dbMigrate } from "./commands/db-migrate.ts";
import { dbSeed } from "./commands/db-seed.ts";
import { dbStatus } from "./commands/db-status.ts";
import { demo } from "./commands/demo.ts";
import { listQueues } from "./commands/list-queues.ts";
import { locationBudget } from "./commands/location-budget.ts";
import { locationList } from "./commands/location-list.ts";
import { locationPause } from "./commands/location-pause.ts";
import { locationResume } from "./commands/location-resume.ts";
import { manager } from "./commands/manager.ts";
import { settingsShow } from "./commands/settings-show.ts";
import { stageCancel } from "./commands/stage-cancel.ts";
import { stageInfo } from "./commands/stage-info.ts";
import { stageList } from "./commands/stage-list.ts";
import { stagePlan } from "./commands/stage-plan.ts";
import { stageProgress } from "./commands/stage-progress.ts";
import { stageRelease } from "./commands/stage-release.ts";
import { stageRequest } from "./commands/stage-request.ts";
import { stageRetry } from "./commands/stage-retry.ts";
import { stageVerify } from "./commands/stage-verify.ts";
import { stageWait } from "./commands/stage-wait.ts";
import { waiverGrant } from "./commands/waiver-grant.ts";
import { waiverList } from "./commands/waiver-list.ts";
import { waiverRevoke } from "./commands/waiver-revoke.ts";
import { worker } from "./commands/worker.ts";
import { type AnyCommand, commanderOption, globalOptions, parseAndRun, registerCommand } from "./register.ts";
import { reportError } from "./report-error.ts";
import { type Host, runCommand } from "./run.ts";

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  ...[stagePlan, stageRequest, stageList, stageProgress, stageWait, stageCancel, stageRetry],
  ...[stageVerify, stageRelease, stageInfo],
  ...[worker, manager, listQueues],
  ...[dbMigrate, dbStatus, dbSeed, dbInspect],
  ...[locationList, locationPause, locationResume, locationBudget],
  ...[waiverGrant, waiverList, waiverRevoke],
  ...[settingsShow, demo],
];

/** Commands with two words stand in a group. */
const groups: Readonly<Record<string, string>> = {
  stage: "ask for data on the processing file system, and see it come",
  db: "the operations database: create it, look at it, fill it",
  location: "places where data lies: list, pause and resume them, and say what they may hold",
  waiver: "packages that may break a rule of safe unpacking, because somebody answers for it",
  settings: "the settings in force",
};

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
  for (const command of commands) {
    registerCommand(program, command, groups, (definition, input, options) =>
      runCommand(definition, input, options, host),
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
