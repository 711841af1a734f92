import sql from "sql-template-tag";
import type { DataLocation } from "../model/location.ts";
import type { ItemReason } from "../model/status.ts";
import type { Queryable } from "./database.ts";
import { type JobEnd, settleJob } from "./job-end.ts";
import { findLocationsByIds } from "./locations.ts";
import { notifyProgress } from "./notifications.ts";

/** What a manager needs in order to ring the queue for an item. */
export interface RingItem {
  id: number;
  jobId: number;
  packageId: string;
  packageName: string;
  size: number;
  /** 0 (served first) to 9. */
  priority: number;
  taskId: string;
  /** How often it was claimed before. */
  attempt: number;
  /** How often the queue was rung for it since it last became pending. */
  ringCount: number;
  destination: DataLocation;
  /** The package is recorded as staged there: the worker only has to verify it. */
  stagedHere: boolean;
}

/**
 * Pending items that are due, the first by priority and age, locked until the transaction ends. Rows that another manager
 * has in hand are passed over. Left out: items of paused and inactive locations, and items whose package is being brought
 * to the same place for another job.
 */
export async function takeItemsToRing(
  tx: Queryable,
  options: { limit: number; locationIds?: readonly number[] },
): Promise<RingItem[]> {
  const rows = await tx.query<{ id: number }>(sql`
    WITH due AS MATERIALIZED (
      SELECT i.id, i.priority, i.raw_data_package_id, i.destination_id
      FROM staging_item i JOIN data_location d ON d.id = i.destination_id
      WHERE i.status = 'pending' AND i.raw_data_package_id IS NOT NULL
        AND (i.retry_at IS NULL OR i.retry_at <= now())
        AND d.active AND d.pause_message IS NULL
        AND (${options.locationIds}::bigint[] IS NULL OR d.id = ANY (${options.locationIds}::bigint[]))
        AND NOT EXISTS (
          SELECT 1 FROM staging_item s
          WHERE s.raw_data_package_id = i.raw_data_package_id AND s.destination_id = i.destination_id
            AND s.status IN ('scheduled', 'in_progress'))
      ORDER BY i.priority, i.id
      LIMIT ${options.limit}
      FOR UPDATE OF i SKIP LOCKED
    ), one_per_package AS MATERIALIZED (
      SELECT DISTINCT ON (raw_data_package_id, destination_id) *
      FROM due ORDER BY raw_data_package_id, destination_id, priority, id
    )
    -- The lock keeps a second manager from taking another job's item for the same package at the same moment.
    SELECT id FROM one_per_package
    WHERE pg_try_advisory_xact_lock(hashtextextended(raw_data_package_id::text, destination_id))`);
  return await ringItems(
    tx,
    rows.map(({ id }) => id),
  );
}

/** What a ring needs to know of these items, in the order in which they are rung. */
export async function ringItems(q: Queryable, ids: readonly number[]): Promise<RingItem[]> {
  if (ids.length === 0) return [];
  const rows = await q.query<Omit<RingItem, "destination"> & { destinationId: number }>(sql`
    SELECT i.id, i.staging_job_id AS "jobId", i.raw_data_package_id AS "packageId", i.package_name AS "packageName",
           i.size, i.priority, i.task_id AS "taskId", i.attempt, i.ring_count AS "ringCount",
           i.destination_id AS "destinationId",
           EXISTS (SELECT 1 FROM physical_copy c
                   WHERE c.raw_data_package_id = i.raw_data_package_id AND c.data_location_id = i.destination_id
                     AND c.status = 'staged') AS "stagedHere"
    FROM staging_item i
    WHERE i.id = ANY (${ids})
    ORDER BY i.priority, i.id`);
  const locations = await findLocationsByIds(q, [...new Set(rows.map(({ destinationId }) => destinationId))]);
  const byId = new Map(locations.map((location) => [location.id, location]));
  return rows.map(({ destinationId, ...item }) => ({ ...item, destination: byId.get(destinationId)! }));
}

/**
 * The queue is, or will be, rung for this pending item.
 *
 * @returns false when it was not pending any more
 * @throws DatabaseBusy when another job's item of the same package was faster
 */
export async function markScheduled(tx: Queryable, itemId: number): Promise<boolean> {
  const rows = await tx.query(sql`
    WITH moved AS (
      UPDATE staging_item
      SET status = 'scheduled', reason = NULL, retry_at = NULL, error_code = NULL, error_text = NULL,
          rung_at = now(), ring_count = 1
      WHERE id = ${itemId} AND status = 'pending'
      RETURNING id, staging_job_id
    ), job AS (
      UPDATE staging_job j SET status = 'scheduled' FROM moved m WHERE j.id = m.staging_job_id AND j.status = 'pending'
    )
    SELECT 1 FROM moved m, ${notifyProgress(sql`m.staging_job_id`, sql`m.id`)}`);
  return rows.length > 0;
}

/** Why an item is not done: for a program (reason, code), and for a person. */
export interface ItemFailure {
  reason: ItemReason;
  code: string;
  text: string;
}

/**
 * Keeps an unclaimed item pending, or makes it so, and says why; it is looked at again after `retryInSeconds`, or at once
 * when what holds it (a pause) is over.
 */
export async function holdItem(
  q: Queryable,
  itemId: number,
  { reason, code, text, retryInSeconds }: ItemFailure & { retryInSeconds?: number },
): Promise<void> {
  await q.query(sql`
    WITH held AS (
      UPDATE staging_item
      SET status = 'pending', reason = ${reason}, error_code = ${code}, error_text = ${text},
          retry_at = now() + make_interval(secs => ${retryInSeconds}::double precision)
      WHERE id = ${itemId} AND status IN ('pending', 'scheduled')
      RETURNING id, staging_job_id
    )
    SELECT 1 FROM held h, ${notifyProgress(sql`h.staging_job_id`, sql`h.id`)}`);
}

/**
 * Ends an item that nobody claimed and nobody can serve.
 *
 * @returns where its job stands; undefined when the item was not pending any more
 */
export async function failUnclaimedItem(
  tx: Queryable,
  itemId: number,
  { reason, code, text }: ItemFailure,
): Promise<JobEnd | undefined> {
  const [failed] = await tx.query<{ jobId: number }>(sql`
    WITH failed AS (
      UPDATE staging_item
      SET status = 'failed', reason = ${reason}, error_code = ${code}, error_text = ${text},
          retry_at = NULL, finished_at = now()
      WHERE id = ${itemId} AND status = 'pending'
      RETURNING id, staging_job_id
    )
    SELECT f.staging_job_id AS "jobId" FROM failed f, ${notifyProgress(sql`f.staging_job_id`, sql`f.id`)}`);
  return failed && (await settleJob(tx, failed.jobId));
}
