import { readProgress } from "../../staging/progress.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { followJob } from "../follow-job.ts";
import { jobArgument, jobNumber } from "../job-number.ts";
import { showProgress } from "../show-progress.ts";
import { withDatabase } from "../with-database.ts";

export const stageProgress: CommandDefinition<{ job: string; follow?: boolean }> = {
  description: "Exit code 1 when an item of the job has failed.",
  arguments: [jobArgument],
  options: [{ flags: "-f, --follow", description: "stay, and show it coming along until it has ended" }],
  examples: [
    { command: "ccat_data_transfer stage progress 17", purpose: "once" },
    { command: "ccat_data_transfer stage progress 17 --follow", purpose: "until it has ended" },
  ],
  run: (context, { job, follow }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const id = jobNumber(job);
      if (follow === true) return followJob(context, db, id);
      const progress = await readProgress(db, id);
      showProgress(context.output, progress);
      return progress.counts.failed > 0 ? 1 : 0;
    }),
};
