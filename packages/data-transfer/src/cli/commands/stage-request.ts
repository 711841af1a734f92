import { UsageError } from "../../errors/usage.ts";
import { parseDuration } from "../../settings/units.ts";
import { planStaging } from "../../staging/plan.ts";
import { requestStaging } from "../../staging/request.ts";
import { userName } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { followJob } from "../follow-job.ts";
import { formatBytes } from "../output/format.ts";
import { destinationNamed, readWanted, type WantedInput, wantedArguments, wantedOptions } from "../wanted-packages.ts";
import { withDatabase } from "../with-database.ts";

interface Input extends WantedInput {
  lifetime?: string;
  priority?: string;
  requester?: string;
  wait?: boolean;
  yes?: boolean;
}

export const stageRequest: CommandDefinition<Input> = {
  description:
    "Writes a staging job with one item per package. A manager rings the queue, a worker stages. Packages that lie there already are verified again and not moved.",
  arguments: wantedArguments,
  options: [
    ...wantedOptions,
    {
      flags: "--lifetime <duration>",
      description: 'how long the data stays, such as "14d"; staging.default_lifetime by default',
    },
    { flags: "--priority <number>", description: "0 (served first) to 9", default: "6" },
    { flags: "--requester <name>", description: "on whose behalf; the user's name by default" },
    { flags: "--wait", description: "return when all is staged, with exit code 1 when something failed" },
    { flags: "--yes", description: "do not ask, however much it is" },
  ],
  examples: [
    { command: "ccat_data_transfer stage request chai_lfa_0001 --wait", purpose: "one package, and wait for it" },
    {
      command: "ccat_data_transfer stage request --from-file tonight.txt --lifetime 30d --priority 3",
      purpose: "a list of packages, kept for a month, before most others",
    },
  ],
  run: (context, input) =>
    withDatabase<ExitCode>(context, async (db) => {
      const { settings, output, signal } = context;
      const destination = await destinationNamed(db, input.to);
      const wanted = await readWanted(input);
      const plan = await planStaging(db, settings.staging.root, { ...wanted, destination });
      if (plan.bytesToMove > settings.staging.confirmAbove && input.yes !== true) {
        const question = `stage ${formatBytes(plan.bytesToMove)} to ${plan.destination}?`;
        if (!(await output.confirm(question, signal))) {
          throw new UsageError(
            `${formatBytes(plan.bytesToMove)} are more than may be staged without being confirmed`,
            "add --yes; what it would do: ccat_data_transfer stage plan <packages>",
          );
        }
      }
      const job = await requestStaging(db, {
        ...wanted,
        destination,
        requester: input.requester ?? userName(),
        lifetime: input.lifetime === undefined ? settings.staging.defaultLifetime : lifetimeOf(input.lifetime),
        priority: priorityOf(input.priority ?? "6"),
      });
      const unknown = plan.packages.filter(({ state }) => state === "unknown").map(({ name }) => name);
      for (const name of unknown)
        output.note(`the catalogue knows no package ${name}: its item has failed [CDT-UNKNOWN-PACKAGE]`);
      if (input.wait === true) {
        output.note(`job ${job.id}`);
        return followJob(context, db, job.id);
      }
      output.result({ job: job.id, packages: plan.packages.length, unknown }, [String(job.id)]);
      output.note(`job ${job.id} is made; see: ccat_data_transfer stage progress ${job.id} --follow`);
      return unknown.length > 0 ? 1 : 0;
    }),
};

function lifetimeOf(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new UsageError(`--lifetime must be a duration such as 14d or 36h, not ${JSON.stringify(text)}`);
}

function priorityOf(text: string): number {
  if (/^[0-9]$/.test(text)) return Number(text);
  throw new UsageError(`--priority must be a whole number from 0 (served first) to 9, not ${JSON.stringify(text)}`);
}
