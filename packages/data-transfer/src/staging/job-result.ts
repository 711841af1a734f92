import type { RemoteError } from "@ccatobs/celery";
import type { StagingItem, StagingJob } from "../model/staging.ts";
import type { JobEnd } from "../opsdb/items.ts";

/** What a client reads as the result of a job. */
export interface JobResult {
  staging_job_id: number;
  status: string;
  completed: number;
  failed: number;
}

export function jobResult(job: StagingJob, items: readonly StagingItem[]): JobResult {
  const count = (status: string) => items.filter((item) => item.status === status).length;
  return { staging_job_id: job.id, status: job.status, completed: count("completed"), failed: count("failed") };
}

/** Stores the outcome of a task of another id. */
export type Settle = (taskId: string, outcome: { result: unknown } | { error: RemoteError }) => Promise<void>;

/** Stores the job's outcome for whoever sent a message for the whole job, if this was its last item. */
export async function settleWaitingJob(settle: Settle, end: JobEnd): Promise<void> {
  if (!end.jobFinished || end.waitingTaskId === undefined) return;
  if (end.jobStatus === "completed") {
    await settle(end.waitingTaskId, { result: { staging_job_id: end.jobId, status: end.jobStatus } });
  } else {
    const sentence = `staging job ${end.jobId} ended with items that failed`;
    await settle(end.waitingTaskId, {
      error: {
        exc_type: "StagingJobFailed",
        exc_message: [sentence, end.jobId],
        exc_module: "ccat_data_transfer.errors",
      },
    });
  }
}
