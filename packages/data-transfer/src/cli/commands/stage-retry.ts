import { UnknownJob } from "../../errors/staging.ts";
import { retryJob } from "../../opsdb/job-control.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { jobArgument, jobNumber } from "../job-number.ts";
import { withDatabase } from "../with-database.ts";

export const stageRetry: CommandDefinition<{ job: string }> = {
  arguments: [jobArgument],
  examples: [
    { command: "ccat_data_transfer stage retry 17", purpose: "after what was wrong was mended" },
    { command: "ccat_data_transfer stage retry 17 && ccat_data_transfer stage wait 17", purpose: "and wait for it" },
  ],
  run: (context, { job }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const id = jobNumber(job);
      const items = await db.transaction((tx) => retryJob(tx, id, actor()));
      if (items === undefined) throw new UnknownJob(id);
      context.output.result({ job: id, retried: items }, [
        items === 0
          ? `job ${id} has no items that failed, or that wait for another attempt`
          : `job ${id}: items tried again: ${items}`,
      ]);
      return 0;
    }),
};
