import sql from "sql-template-tag";
import type { StagingItem } from "../model/staging.ts";
import { itemColumns, noRoom } from "./columns.ts";
import type { Database, Queryable } from "./database.ts";
import { type JobEnd, settleJob } from "./job-end.ts";
import { notifyItems, notifyProgress } from "./notifications.ts";
import { wakeWaiting } from "./room.ts";
import { type RingItem, ringItems } from "./scheduling.ts";

/** What became of claims that ran out. */
export interface Expired {
  /** The items as they are now; `claimedBy` still names the worker. */
  items: StagingItem[];
  /** Jobs of items that ended by it. */
  ends: JobEnd[];
}

/**
 * Takes items back whose claim ran out more than `graceSeconds` ago: pending again, reason worker_lost; failed for good
 * when that was the last of `maxFailures`, for a package may be what kills its workers; failed, reason cancelled, where
 * somebody had asked for that. The attempt they belonged to can write nothing any more.
 */
export async function expireClaims(
  db: Database,
  { graceSeconds, maxFailures }: { graceSeconds: number; maxFailures: number },
): Promise<Expired> {
  return await db.transaction(async (tx) => {
    const items = await tx.query<StagingItem>(sql`
      WITH expired AS (
        SELECT id, CASE WHEN cancel_requested THEN 'cancelled' ELSE 'worker_lost' END AS why,
               cancel_requested OR failures + 1 >= ${maxFailures} AS hopeless
        FROM staging_item
        WHERE status = 'in_progress' AND lease_until < now() - make_interval(secs => ${graceSeconds})
        ORDER BY id FOR UPDATE SKIP LOCKED
      ), moved AS (
        UPDATE staging_item i
        SET status = CASE WHEN e.hopeless THEN 'failed' ELSE 'pending' END,
            reason = e.why, failures = i.failures + 1,
            error_code = CASE e.why WHEN 'cancelled' THEN 'CDT-CANCELLED' ELSE 'CDT-WORKER-LOST' END,
            error_text = CASE e.why WHEN 'cancelled' THEN 'cancelled while its worker was lost'
              ELSE 'worker ' || i.claimed_by || ' has not renewed its claim' END,
            finished_at = CASE WHEN e.hopeless THEN now() END,
            lease_until = NULL, retry_at = NULL, cancel_requested = false, ring_count = 0,
            attempt_ended_at = now(), ${noRoom}
        FROM expired e WHERE i.id = e.id
        RETURNING i.*
      )
      SELECT ${itemColumns} FROM moved i, ${notifyProgress(sql`i.staging_job_id`, sql`i.id`)} ORDER BY i.id`);
    const ended = new Set(items.filter(({ status }) => status === "failed").map(({ jobId }) => jobId));
    const ends: JobEnd[] = [];
    for (const jobId of [...ended].sort((a, b) => a - b)) ends.push(await settleJob(tx, jobId));
    if (items.some(({ status }) => status === "pending")) await notifyItems(tx);
    for (const locationId of new Set(items.map(({ destinationId }) => destinationId)))
      await wakeWaiting(tx, locationId);
    return { items, ends };
  });
}

export interface ScheduledFilter {
  /** Rung at least so long ago; doubled with every further ring, up to 64 times as long. 0 means all. */
  olderThanSeconds: number;
  limit: number;
  /** Only items after this one: what the last page ended with. */
  afterId?: number;
}

/** Items that were rung and that nobody has claimed, by their id, so that they can be gone through page by page. */
export async function scheduledItems(q: Queryable, filter: ScheduledFilter): Promise<RingItem[]> {
  const page = await q.query<{ id: number }>(sql`
    SELECT id FROM staging_item
    WHERE status = 'scheduled' AND id > ${filter.afterId ?? 0}
      AND rung_at <= now() - ${filter.olderThanSeconds}::double precision
        * power(2, least(greatest(ring_count - 1, 0), 6)) * interval '1 second'
    ORDER BY id
    LIMIT ${filter.limit}`);
  const items = await ringItems(
    q,
    page.map(({ id }) => id),
  );
  return items.sort((a, b) => a.id - b.id);
}

/**
 * Counts another ring. False when the item is not scheduled any more, or another manager was faster: then it is not to be
 * rung.
 */
export async function markRungAgain(
  q: Queryable,
  { id, ringCount }: Pick<RingItem, "id" | "ringCount">,
): Promise<boolean> {
  const rows = await q.query(sql`
    UPDATE staging_item SET rung_at = now(), ring_count = ring_count + 1
    WHERE id = ${id} AND status = 'scheduled' AND ring_count = ${ringCount} RETURNING id`);
  return rows.length > 0;
}

/** The mark that the broker carried when we last looked; undefined before the first time. */
export async function readEpoch(q: Queryable): Promise<string | undefined> {
  const [row] = await q.query<{ epoch: string }>(sql`SELECT epoch FROM broker_epoch`);
  return row?.epoch;
}

export async function writeEpoch(q: Queryable, epoch: string): Promise<void> {
  await q.query(sql`
    INSERT INTO broker_epoch (epoch) VALUES (${epoch})
    ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, written_at = now()`);
}
