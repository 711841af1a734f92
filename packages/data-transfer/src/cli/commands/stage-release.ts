import { UnknownJob } from "../../errors/staging.ts";
import { getJob } from "../../opsdb/jobs.ts";
import { releaseJobCopies } from "../../opsdb/lifetimes.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { jobArgument, jobNumber } from "../job-number.ts";
import { withDatabase } from "../with-database.ts";

export const stageRelease: CommandDefinition<{ job: string }> = {
  description:
    "Ends the lifetime of the job's staged copies now, except of those that another job wants for longer. The files stay until they are deleted.",
  arguments: [jobArgument],
  examples: [
    { command: "ccat_data_transfer stage release 17", purpose: "the reduction is through" },
    { command: "ccat_data_transfer stage release 17 --output json", purpose: "the copies with their new ends of life" },
  ],
  run: (context, { job }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const id = jobNumber(job);
      const copies = await db.transaction(async (tx) => {
        if ((await getJob(tx, id)) === undefined) throw new UnknownJob(id);
        return releaseJobCopies(tx, id, actor());
      });
      const over = copies.filter(({ expiresAt }) => expiresAt !== undefined && Date.parse(expiresAt) <= Date.now());
      context.output.result({ job: id, copies }, [
        `job ${id}: staged copies given up: ${over.length}; kept for other jobs: ${copies.length - over.length}`,
      ]);
      return 0;
    }),
};
