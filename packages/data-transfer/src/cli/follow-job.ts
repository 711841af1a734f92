import type { Database } from "../opsdb/database.ts";
import { followProgress } from "../staging/follow.ts";
import { hasEnded, type Progress } from "../staging/progress.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { withEmbeddedEngine } from "./engine/embedded.ts";
import { showProgress, whyOf } from "./show-progress.ts";

/**
 * Shows a job coming along until it has ended; answers 1 when something in it failed. With the broker in memory it does
 * the work itself.
 */
export async function followJob(context: CommandContext, db: Database, jobId: number): Promise<ExitCode> {
  const last = await withEmbeddedEngine(context, db, () => drawUntilEnd(context, db, jobId));
  showProgress(context.output, last);
  return last.job.status === "completed" ? 0 : 1;
}

/** Shows bars, or lines, until the job has ended; answers where it stands then. */
export async function drawUntilEnd(
  { output, signal, log }: CommandContext,
  db: Database,
  jobId: number,
): Promise<Progress> {
  const bars = output.progress();
  try {
    let last: Progress | undefined;
    for await (const progress of followProgress(db, jobId, { signal, log })) {
      // What has ended before we looked has nothing to show on its way.
      if (last === undefined && hasEnded(progress.job)) return progress;
      for (const item of progress.items) {
        if (item.status === "pending" && item.errorCode === undefined && item.place !== 1) continue;
        // A package that the catalogue does not know has no size: a bar of it would be full.
        if (item.packageId === undefined) continue;
        bars.update(item.packageName, item.status === "completed" ? item.size : item.bytesDone, item.size, whyOf(item));
      }
      last = progress;
    }
    return last!;
  } finally {
    bars.stop();
  }
}
