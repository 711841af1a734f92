import sql from "sql-template-tag";
import { audit } from "./audit.ts";
import type { Queryable } from "./database.ts";
import { type JobEnd, settleJob } from "./job-end.ts";
import { notifyItems, notifyProgress } from "./notifications.ts";

export interface Cancelled {
  /** Items that nobody had claimed: they are failed, reason cancelled. */
  cancelled: number;
  /** Items that a worker has in hand: it hears of it when it renews its claim. */
  stopping: number;
  end: JobEnd;
}

/** Stops a job: what waits at once, what runs soon. Undefined when there is no such job. */
export async function cancelJob(tx: Queryable, jobId: number, actor: string): Promise<Cancelled | undefined> {
  const moved = await tx.query<{ stopping: boolean }>(sql`
    WITH open AS (
      SELECT id FROM staging_item
      WHERE staging_job_id = ${jobId} AND status NOT IN ('completed', 'failed')
      ORDER BY id FOR UPDATE
    ), moved AS (
      UPDATE staging_item i
      SET status = CASE i.status WHEN 'in_progress' THEN i.status ELSE 'failed' END,
          cancel_requested = i.status = 'in_progress',
          reason = CASE i.status WHEN 'in_progress' THEN i.reason ELSE 'cancelled' END,
          error_code = CASE i.status WHEN 'in_progress' THEN i.error_code ELSE 'CDT-CANCELLED' END,
          error_text = CASE i.status WHEN 'in_progress' THEN i.error_text ELSE 'cancelled by ' || ${actor} END,
          retry_at = NULL,
          finished_at = CASE i.status WHEN 'in_progress' THEN NULL ELSE now() END
      FROM open WHERE i.id = open.id
      RETURNING i.id, i.staging_job_id, i.cancel_requested
    )
    SELECT m.cancel_requested AS stopping FROM moved m, ${notifyProgress(sql`m.staging_job_id`, sql`m.id`)}`);
  if (!(await exists(tx, jobId))) return undefined;
  const stopping = moved.filter((item) => item.stopping).length;
  const cancelled = moved.length - stopping;
  await audit(tx, { actor, action: "cancel", subject: `job:${jobId}`, details: { cancelled, stopping } });
  return { cancelled, stopping, end: await settleJob(tx, jobId) };
}

/**
 * Another try, now, for every item that failed and for every one that waits for its next attempt: whoever has mended what
 * was wrong need not wait. An item whose package was not known is tried if the catalogue has it by now.
 *
 * @returns how many items are pending again; undefined when there is no such job
 */
export async function retryJob(tx: Queryable, jobId: number, actor: string): Promise<number | undefined> {
  const again = await tx.query(sql`
    WITH undone AS (
      SELECT i.id, p.id AS package_id, p.size
      FROM staging_item i
      JOIN raw_data_package p ON p.id = i.raw_data_package_id
        OR i.raw_data_package_id IS NULL AND p.name = i.package_name
      WHERE i.staging_job_id = ${jobId} AND (i.status = 'failed' OR i.status = 'pending' AND i.retry_at IS NOT NULL)
      ORDER BY i.id FOR UPDATE OF i
    ), moved AS (
      UPDATE staging_item i
      SET status = 'pending', raw_data_package_id = f.package_id, size = f.size, reason = NULL, retry_at = NULL,
          error_code = NULL, error_text = NULL, cancel_requested = false, bytes_done = 0, ring_count = 0,
          failures = 0,
          finished_at = NULL
      FROM undone f WHERE i.id = f.id
      RETURNING i.id, i.staging_job_id
    )
    SELECT 1 FROM moved m, ${notifyProgress(sql`m.staging_job_id`, sql`m.id`)}`);
  if (!(await exists(tx, jobId))) return undefined;
  if (again.length > 0) {
    await tx.query(sql`
      UPDATE staging_job SET status = 'pending', finished_at = NULL
      WHERE id = ${jobId} AND status IN ('completed', 'failed')`);
    await notifyItems(tx);
  }
  await audit(tx, { actor, action: "retry", subject: `job:${jobId}`, details: { items: again.length } });
  return again.length;
}

async function exists(tx: Queryable, jobId: number): Promise<boolean> {
  return (await tx.query(sql`SELECT 1 FROM staging_job WHERE id = ${jobId}`)).length > 0;
}
