import { type PlannedPackage, planStaging, type StagingPlan } from "../../staging/plan.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { formatBytes, formatDuration } from "../output/format.ts";
import type { Output } from "../output/output.ts";
import { destinationNamed, readWanted, type WantedInput, wantedArguments, wantedOptions } from "../wanted-packages.ts";
import { withDatabase } from "../with-database.ts";

export const stagePlan: CommandDefinition<WantedInput> = {
  arguments: wantedArguments,
  options: wantedOptions,
  examples: [
    { command: "ccat_data_transfer stage plan chai_lfa_0001 chai_lfa_0002", purpose: "two packages" },
    {
      command: "ccat_data_transfer stage plan --observation 2026-03-14-OU17 --output json",
      purpose: "a whole observation, for a program",
    },
  ],
  run: (context, input) =>
    withDatabase<ExitCode>(context, async (db) => {
      const destination = await destinationNamed(db, input.to);
      const plan = await planStaging(db, context.settings.staging.root, { ...(await readWanted(input)), destination });
      showPlan(context.output, plan);
      return plan.packages.some(({ state }) => state === "unknown" || state === "no_source") ? 1 : 0;
    }),
};

const states: Readonly<Record<PlannedPackage["state"], string>> = {
  to_stage: "to stage",
  already_staged: "already there",
  no_source: "NO SOURCE",
  unknown: "UNKNOWN",
};

export function showPlan(output: Output, plan: StagingPlan): void {
  if (output.format === "json") {
    output.result(plan, []);
    return;
  }
  output.table(plan.packages, [
    { heading: "PACKAGE", cell: ({ name }) => name },
    { heading: "STATE", cell: ({ state }) => states[state] },
    {
      heading: "SIZE",
      cell: ({ bytes, state }) => (state === "unknown" ? undefined : formatBytes(bytes)),
      align: "right",
    },
    { heading: "FILES", cell: ({ files, state }) => (state === "unknown" ? undefined : files), align: "right" },
    { heading: "SOURCES", cell: ({ sources }) => sources.join(", ") || undefined },
  ]);
  const free = plan.spaceFree === undefined ? "not visible from here" : `${formatBytes(plan.spaceFree)} free`;
  output.note(
    `to ${plan.destination}: ${formatBytes(plan.bytesToMove)} of ${formatBytes(plan.bytes)} to move; room: ${free}`,
  );
  output.note(
    `expected time: ${plan.expectedSeconds === undefined ? "unknown, nothing was staged there lately" : formatDuration(plan.expectedSeconds)}`,
  );
  if (plan.paused !== undefined) output.note(`${plan.destination} is paused: ${plan.paused}`);
  if (plan.spaceFree !== undefined && plan.spaceFree < plan.bytesToMove) {
    output.note("there is less room than needed: items that do not fit wait until there is");
  }
}
