import { createClient } from "@ccatobs/celery";
import { UnknownJob } from "../../errors/staging.ts";
import { cancelJob } from "../../opsdb/job-control.ts";
import { settleWaitingJob } from "../../staging/job-result.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { jobArgument, jobNumber } from "../job-number.ts";
import { withBroker } from "../with-broker.ts";
import { withDatabase } from "../with-database.ts";

export const stageCancel: CommandDefinition<{ job: string }> = {
  arguments: [jobArgument],
  examples: [
    { command: "ccat_data_transfer stage cancel 17", purpose: "that job is not needed" },
    { command: "ccat_data_transfer stage cancel 17 --output json", purpose: "the same, for a program" },
  ],
  run: (context, { job }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const id = jobNumber(job);
      const done = await db.transaction((tx) => cancelJob(tx, id, actor()));
      if (done === undefined) throw new UnknownJob(id);
      const { cancelled, stopping, end } = done;
      // Somebody may wait for the job's result on the broker. Where nobody does, the broker need not be reachable.
      if (end.waitingTaskId !== undefined && end.jobFinished) {
        await withBroker(context, (broker, results) => settleWaitingJob(createClient({ broker, results }).settle, end));
      }
      context.output.result({ job: id, cancelled, stopping }, [
        `job ${id}: cancelled while waiting: ${cancelled}; being stopped on their way: ${stopping}`,
      ]);
      return 0;
    }),
};
