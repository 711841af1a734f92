import { StillRunning } from "../../errors/staging.ts";
import { UsageError } from "../../errors/usage.ts";
import { parseDuration } from "../../settings/units.ts";
import type { CommandDefinition } from "../command.ts";
import { followJob } from "../follow-job.ts";
import { jobArgument, jobNumber } from "../job-number.ts";
import { withDatabase } from "../with-database.ts";

export const stageWait: CommandDefinition<{ job: string; timeout?: string }> = {
  description: "Exit code 0 when everything is staged, 1 when something failed, 2 when the time was up first.",
  arguments: [jobArgument],
  options: [
    { flags: "--timeout <duration>", description: 'wait no longer than this, such as "6h"; without it, for ever' },
  ],
  examples: [
    { command: "ccat_data_transfer stage wait 17 --timeout 6h && sbatch reduce.sh", purpose: "reduce what was staged" },
    { command: "ccat_data_transfer stage wait 17 --output json", purpose: "its end, for a program" },
  ],
  async run(context, { job, timeout }) {
    const id = jobNumber(job);
    const seconds = timeout === undefined ? undefined : parseDuration(timeout);
    if (timeout !== undefined && !(seconds !== undefined && seconds > 0)) {
      throw new UsageError(`--timeout must be a duration such as 30min or 6h, not ${JSON.stringify(timeout)}`);
    }
    const time = new AbortController();
    const timer =
      seconds === undefined ? undefined : setTimeout(() => time.abort(new StillRunning(id, seconds)), seconds * 1000);
    try {
      const signal = AbortSignal.any([context.signal, time.signal]);
      return await withDatabase(context, (db) => followJob({ ...context, signal }, db, id));
    } finally {
      clearTimeout(timer);
    }
  },
};
