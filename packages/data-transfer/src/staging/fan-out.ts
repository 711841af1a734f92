import { DeadLetter, Ignore, type TaskContext } from "@ccatobs/celery";
import type { StagingItem } from "../model/staging.ts";
import type { Database } from "../opsdb/database.ts";
import { getJob, jobItems, setWaitingTask } from "../opsdb/jobs.ts";
import { jobResult, settleWaitingJob } from "./job-result.ts";

/**
 * Sends one message for each open item of a job, as a Python manager expects of a message that names the whole job.
 *
 * The job's own message gets its result when the last item ends; until then it has none. Ringing an item twice does no harm.
 *
 * @throws DeadLetter for a job that does not exist or belongs elsewhere, else Ignore; returns only for a finished job
 */
export async function fanOut(
  db: Database,
  locationIds: readonly number[],
  context: TaskContext,
  jobId: number,
): Promise<unknown> {
  const job = await getJob(db, jobId);
  if (job === undefined) throw new DeadLetter("unknown-job", `there is no staging job ${jobId}`);
  if (!locationIds.includes(job.destinationId)) {
    throw new DeadLetter("wrong-location", `job ${jobId} belongs to a location that this worker does not serve`);
  }
  const { request } = context;
  // First the waiting task, then the items: the one that ends last must find it.
  await setWaitingTask(db, jobId, request.id);
  const items = await jobItems(db, jobId);
  const open = items.filter(({ status }) => status !== "completed" && status !== "failed");
  if (open.length === 0) return await answerEnded(db, context, jobId, items);
  for (const item of open) {
    await context.send(request.queue, request.name, {
      id: item.taskId,
      kwargs: { staging_item_id: item.id },
      priority: job.priority,
      rootId: request.id,
      parentId: request.id,
    });
  }
  throw new Ignore(`job ${jobId}: ${open.length} items were sent; the last one to end stores the result`);
}

/** Whoever asks after the end hears what those heard who had waited for it: a result, or that the job failed. */
async function answerEnded(
  db: Database,
  context: TaskContext,
  jobId: number,
  items: readonly StagingItem[],
): Promise<unknown> {
  // Read anew: it may have ended since the message was looked up.
  const job = (await getJob(db, jobId))!;
  if (job.status !== "failed") return jobResult(job, items);
  const waitingTaskId = context.request.id;
  await settleWaitingJob(context.settleOther, { jobId, jobFinished: true, jobStatus: job.status, waitingTaskId });
  throw new Ignore(`job ${jobId} had ended with items that failed`);
}
