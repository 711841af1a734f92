import sql from "sql-template-tag";
import type { PhysicalCopy } from "../model/package.ts";
import type { Claim } from "../model/staging.ts";
import { audit } from "./audit.ts";
import { copyColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { recordFilesGone } from "./recording.ts";

/**
 * A person or a check looked at the bytes now and found them right. It is noted at the package's copy; those of its files
 * say when they were recorded.
 */
export async function markVerified(tx: Queryable, copyId: number): Promise<void> {
  await tx.query(sql`UPDATE physical_copy SET verified_at = now() WHERE id = ${copyId}`);
}

/**
 * What the database has as staged is not there, or is not what it was: nobody shall be sent there any more. Acts only
 * while the attempt that found it holds its claim.
 */
export async function recordStagedCopyLost(
  tx: Queryable,
  claim: Claim,
  details: Record<string, unknown>,
): Promise<void> {
  const { item, attemptId } = claim;
  const lost = await tx.query<{ id: number }>(sql`
    UPDATE physical_copy c SET status = 'deleted'
    FROM staging_item i
    WHERE i.attempt_id = ${attemptId} AND i.status = 'in_progress'
      AND c.raw_data_package_id = i.raw_data_package_id AND c.data_location_id = i.destination_id AND c.status = 'staged'
    RETURNING c.id`);
  if (lost.length === 0) return;
  await recordFilesGone(tx, item.packageId!, item.destinationId);
  await audit(tx, { actor: item.claimedBy ?? "worker", action: "lost", subject: `copy:${lost[0]!.id}`, details });
}

/**
 * Gives up what a job had staged before its lifetime is over. A copy that another job staged too is kept for as long as
 * that one wants it.
 *
 * @returns the job's staged copies as they are now
 */
export async function releaseJobCopies(tx: Queryable, jobId: number, actor: string): Promise<PhysicalCopy[]> {
  await tx.query(sql`UPDATE staging_job SET released_at = now() WHERE id = ${jobId} AND released_at IS NULL`);
  const copies = await tx.query<PhysicalCopy>(sql`
    UPDATE physical_copy c SET expires_at = least(c.expires_at, greatest(now(), (
      SELECT max(other.finished_at + make_interval(secs => j.lifetime_seconds))
      FROM staging_item other JOIN staging_job j ON j.id = other.staging_job_id
      WHERE other.raw_data_package_id = c.raw_data_package_id AND other.destination_id = c.data_location_id
        AND other.status = 'completed' AND j.released_at IS NULL)))
    FROM staging_item i
    WHERE i.staging_job_id = ${jobId} AND i.status = 'completed' AND c.status = 'staged'
      AND c.raw_data_package_id = i.raw_data_package_id AND c.data_location_id = i.destination_id
    RETURNING ${copyColumns}`);
  await audit(tx, { actor, action: "release", subject: `job:${jobId}`, details: { copies: copies.length } });
  return copies;
}
