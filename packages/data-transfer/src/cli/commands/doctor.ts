import { styleText } from "node:util";
import { type Category, type Check, categories } from "../../checks/check.ts";
import { checks } from "../../checks/checks.ts";
import { createFacts } from "../../checks/facts.ts";
import { isHealthy, paintLine, reportDocument, reportLines } from "../../checks/render-report.ts";
import { type CheckReport, reportWithoutSettings, runChecks, withNeeds } from "../../checks/run-checks.ts";
import { UsageError } from "../../errors/usage.ts";
import { openDatabase } from "../../opsdb/database.ts";
import { nearestName } from "../../queues/discover.ts";
import { parseDuration } from "../../settings/units.ts";
import type { CommandContext, CommandDefinition, ExitCode } from "../command.ts";
import { redisOptions } from "../connect-broker.ts";
import { connectDatabase, databaseOptions } from "../connect-database.ts";
import type { Output } from "../output/output.ts";
import { translateBrokerError } from "../translate-broker-error.ts";

interface Input {
  location: string[];
  only: string[];
  category: string[];
  wait?: string;
  short?: true;
  list?: true;
}

export const doctor: CommandDefinition<Input> = {
  description:
    "Looks at settings, Redis, PostgreSQL, queues and the file systems of the locations, from where it runs. Changes nothing: what it writes to try it is removed at once. Exit code 1 when a fatal check fails; warnings are no failure.",
  options: [
    {
      flags: "--location <name>",
      description: "look at this location alone; may be repeated; without it, at all where something is staged",
      repeatable: true,
    },
    {
      flags: "--only <check>",
      description: "make this check, and those that it needs; may be repeated",
      repeatable: true,
    },
    {
      flags: "--category <category>",
      description: `make these checks, and those that they need (${categories.join(", ")}); may be repeated`,
      repeatable: true,
    },
    { flags: "--wait <duration>", description: 'look again at what may still become good, for so long ("60s")' },
    { flags: "--short", description: "print only what is not as it should be" },
    { flags: "--list", description: "list the checks, and make none" },
  ],
  examples: [
    { command: "ccat_data_transfer doctor", purpose: "is everything there? where the worker runs" },
    {
      command: "ccat_data_transfer doctor --category redis --category database",
      purpose: "on a login node, where the file system may not be mounted",
    },
    { command: "ccat_data_transfer doctor --wait 2min --output json", purpose: "after an installation, for a program" },
  ],
  withoutSettings: (error, output, input) =>
    input.list ? listChecks(output) : answer(output, reportWithoutSettings(chosen(input), error), input),
  async run(context, input) {
    const { settings, output, signal } = context;
    const asked = chosen(input);
    const wait = seconds(input.wait);
    if (input.list) return listChecks(output);
    const facts = createFacts({
      ...{ settings, remarks: context.loaded.warnings, env: context.env, locations: input.location },
      redis: redisOptions(settings),
      openDatabase: () => open(context),
      translateBrokerError,
    });
    let told: string | undefined;
    try {
      const reports = await runChecks(asked, facts, {
        ...{ signal, wait },
        onWait({ id }, words) {
          const sentence = `waiting for ${id}: ${words}`;
          if (sentence !== told) output.note(sentence);
          told = sentence;
        },
      });
      return answer(output, reports, input);
    } finally {
      await facts.close();
    }
  },
};

/** Without trying for long: whether it can be reached is what is to be found out. The demo's own has to be started. */
async function open({ settings, log, signal }: CommandContext) {
  if (settings.environment === "demo") return await connectDatabase(settings, log, signal);
  return openDatabase(databaseOptions(settings), log);
}

function answer(output: Output, reports: readonly CheckReport[], { short }: Pick<Input, "short">): ExitCode {
  const paint = (line: string) => paintLine(line, (color, text) => styleText(color, text, { validateStream: false }));
  output.result(reportDocument(reports), reportLines(reports, { short: short === true }), paint);
  return isHealthy(reports) ? 0 : 1;
}

function listChecks(output: Output): ExitCode {
  output.table(
    checks,
    [
      { heading: "CHECK", cell: ({ id }) => id },
      { heading: "SEVERITY", cell: ({ severity }) => severity },
      { heading: "WHAT SHOULD BE TRUE", cell: ({ statement }) => statement },
    ],
    ({ id, category, severity, statement, needs, hint }) => ({ id, category, severity, statement, needs, hint }),
  );
  return 0;
}

/** @throws UsageError */
function chosen({ only, category }: Input): Check[] {
  const ids = checks.map(({ id }) => id);
  for (const id of only) if (!ids.includes(id)) throw unknown("check", id, ids);
  for (const one of category) if (!categories.includes(one as Category)) throw unknown("category", one, categories);
  if (only.length + category.length === 0) return [...checks];
  return withNeeds(checks, (check) => only.includes(check.id) || category.includes(check.category));
}

function unknown(what: "check" | "category", name: string, known: readonly string[]): UsageError {
  const nearest = nearestName(name, known);
  const guess = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return new UsageError(`there is no ${what} ${name}${guess}`, "ccat_data_transfer doctor --list", {
    name,
    known,
    nearest,
  });
}

function seconds(wait: string | undefined): number {
  const found = wait === undefined ? 0 : parseDuration(wait);
  if (found === undefined || found < 0)
    throw new UsageError(`--wait must be a duration such as 60s or 5min, not ${wait}`);
  return found;
}
