import sql from "sql-template-tag";
import type { Status } from "../model/status.ts";
import type { Queryable } from "./database.ts";

/** Where a job stands after one of its items came to an end. */
export interface JobEnd {
  jobId: number;
  /** No item is open any more. */
  jobFinished: boolean;
  jobStatus: Status;
  /** The Celery message of somebody who waits for the whole job. */
  waitingTaskId: string | undefined;
}

/**
 * Closes the job if none of its items is open: completed when all are, failed when any is. The job's row is locked first,
 * so that of two items that end at once the second sees the first. Lock items before their job, here and everywhere.
 */
export async function settleJob(tx: Queryable, jobId: number): Promise<JobEnd> {
  await tx.query(sql`SELECT 1 FROM staging_job WHERE id = ${jobId} FOR UPDATE`);
  await tx.query(sql`
    UPDATE staging_job SET finished_at = now(), status =
      CASE WHEN EXISTS (SELECT 1 FROM staging_item WHERE staging_job_id = ${jobId} AND status = 'failed')
        THEN 'failed' ELSE 'completed' END
    WHERE id = ${jobId} AND status NOT IN ('completed', 'failed') AND NOT EXISTS (
      SELECT 1 FROM staging_item WHERE staging_job_id = ${jobId} AND status NOT IN ('completed', 'failed'))`);
  const rows = await tx.query<JobEnd>(sql`
    SELECT id AS "jobId", status IN ('completed', 'failed') AS "jobFinished", status AS "jobStatus",
           waiting_task_id AS "waitingTaskId"
    FROM staging_job WHERE id = ${jobId}`);
  return rows[0]!;
}
