import { UsageError } from "../../errors/usage.ts";
import { type Status, statuses } from "../../model/status.ts";
import { listJobs } from "../../opsdb/jobs.ts";
import { fullName, listLocations } from "../../opsdb/locations.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { formatDuration, formatTime } from "../output/format.ts";
import { withDatabase } from "../with-database.ts";

interface Input {
  status: string[];
  requester?: string;
  limit?: string;
}

export const stageList: CommandDefinition<Input> = {
  options: [
    { flags: "--status <status>", description: "only jobs in this state", choices: statuses, repeatable: true },
    { flags: "--requester <name>", description: "only jobs of this person or program" },
    { flags: "--limit <count>", description: "at most so many jobs", default: "20" },
  ],
  examples: [
    { command: "ccat_data_transfer stage list", purpose: "the latest jobs" },
    { command: "ccat_data_transfer stage list --status failed --limit 5", purpose: "what went wrong lately" },
  ],
  run: (context, { status, requester, limit = "20" }) =>
    withDatabase<ExitCode>(context, async (db) => {
      if (!/^[1-9][0-9]{0,5}$/.test(limit)) throw new UsageError(`--limit must be a whole number from 1, not ${limit}`);
      const jobs = await listJobs(db, {
        requester,
        statuses: status.length > 0 ? (status as Status[]) : undefined,
        limit: Number(limit),
      });
      const places = new Map((await listLocations(db)).map((location) => [location.id, fullName(location)]));
      context.output.table(
        jobs,
        [
          { heading: "JOB", cell: ({ id }) => id, align: "right" },
          { heading: "STATUS", cell: (job) => job.status.replace("_", " ") },
          { heading: "TO", cell: ({ destinationId }) => places.get(destinationId) },
          { heading: "REQUESTER", cell: (job) => job.requester },
          { heading: "PRIORITY", cell: ({ priority }) => priority, align: "right" },
          { heading: "LIFETIME", cell: ({ lifetime }) => formatDuration(lifetime) },
          { heading: "ASKED", cell: ({ createdAt }) => formatTime(new Date(createdAt)) },
          {
            heading: "ENDED",
            cell: ({ finishedAt }) => (finishedAt === undefined ? undefined : formatTime(new Date(finishedAt))),
          },
        ],
        (job) => ({ ...job, destination: places.get(job.destinationId) }),
      );
      return 0;
    }),
};
