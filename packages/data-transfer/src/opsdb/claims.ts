import { randomUUID } from "node:crypto";
import sql from "sql-template-tag";
import { DatabaseBusy, DatabaseUnreachable } from "../errors/database.ts";
import type { DataLocation } from "../model/location.ts";
import type { RawDataPackage } from "../model/package.ts";
import type { Room } from "../model/room.ts";
import type { Claim, StagingItem, StagingJob } from "../model/staging.ts";
import { itemColumns, jobColumns, noRoom, packageColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { findLocationsByIds } from "./locations.ts";
import { notifyProgress } from "./notifications.ts";

export interface ClaimOptions {
  /** As `claimed_by` has it; for people. */
  worker: string;
  leaseSeconds: number;
  /** The locations that this worker serves. */
  locationIds: readonly number[];
}

/** The item is ours for a while, with all that it speaks of. */
export interface Claimed {
  outcome: "claimed";
  claim: Claim;
  job: StagingJob;
  package: RawDataPackage;
  destination: DataLocation;
}

export type ClaimOutcome =
  | Claimed
  /** Somebody else has it, or it is not due yet; or another job's item brings the same package to the same place. */
  | { outcome: "busy"; item: StagingItem }
  /** It has ended: its status says how. */
  | { outcome: "finished"; item: StagingItem }
  | { outcome: "cancelled"; item: StagingItem }
  /** Its location is paused, or out of use. */
  | { outcome: "paused"; item: StagingItem; message: string }
  /** It belongs to a location that this worker does not serve. */
  | { outcome: "elsewhere"; item: StagingItem }
  | { outcome: "unknown" };

/**
 * Takes an item, if it is free: scheduled, pending and due, or claimed by somebody whose lease has run out (by the
 * database's clock). One atomic UPDATE decides; of any number of claimers one gets it. When the answer was lost, it is
 * looked up by the attempt's id before anything is said.
 *
 * @throws DatabaseReadOnly on a standby
 */
export async function claimItem(q: Queryable, itemId: number, options: ClaimOptions): Promise<ClaimOutcome> {
  const attemptId = randomUUID();
  const item = await takeItem(q, itemId, attemptId, options);
  if (!item) return await whyNot(q, itemId, options.locationIds);
  const jobs = await q.query<StagingJob>(sql`SELECT ${jobColumns} FROM staging_job j WHERE j.id = ${item.jobId}`);
  const packages = await q.query<RawDataPackage>(sql`
    SELECT ${packageColumns} FROM raw_data_package p WHERE p.id = ${item.packageId}`);
  const locations = await findLocationsByIds(q, [item.destinationId]);
  return {
    outcome: "claimed",
    claim: { item, attemptId, attempt: item.attempt },
    job: jobs[0]!,
    package: packages[0]!,
    destination: locations[0]!,
  };
}

async function takeItem(
  q: Queryable,
  itemId: number,
  attemptId: string,
  options: ClaimOptions,
): Promise<StagingItem | undefined> {
  try {
    return await updateIfFree(q, itemId, attemptId, options);
  } catch (error) {
    if (error instanceof DatabaseUnreachable) {
      return (await findAttempt(q, itemId, attemptId)) ?? (await updateIfFree(q, itemId, attemptId, options));
    }
    // Two claimers with items of one package: the unique index let the other one through.
    if (error instanceof DatabaseBusy && error.facts.sqlstate === "23505") return undefined;
    throw error;
  }
}

async function updateIfFree(
  q: Queryable,
  itemId: number,
  attemptId: string,
  { worker, leaseSeconds, locationIds }: ClaimOptions,
): Promise<StagingItem | undefined> {
  const [item] = await q.query<StagingItem>(sql`
    WITH claimed AS (
      UPDATE staging_item i
      SET status = 'in_progress', attempt = i.attempt + 1, attempt_id = ${attemptId}, claimed_by = ${worker},
          lease_until = now() + make_interval(secs => ${leaseSeconds}),
          reason = NULL, retry_at = NULL, error_code = NULL, error_text = NULL, ${noRoom},
          started_at = coalesce(i.started_at, now())
      FROM data_location d
      WHERE i.id = ${itemId} AND d.id = i.destination_id AND d.id = ANY (${locationIds}::bigint[])
        AND d.active AND d.pause_message IS NULL
        AND i.raw_data_package_id IS NOT NULL AND NOT i.cancel_requested
        AND (i.status = 'scheduled'
          OR i.status = 'pending' AND (i.retry_at IS NULL OR i.retry_at <= now())
          OR i.status = 'in_progress' AND i.lease_until < now())
        AND NOT EXISTS (
          SELECT 1 FROM staging_item s
          WHERE s.raw_data_package_id = i.raw_data_package_id AND s.destination_id = i.destination_id
            AND s.status IN ('scheduled', 'in_progress') AND s.id <> i.id)
      RETURNING i.*
    ), job AS (
      UPDATE staging_job j SET status = 'in_progress', started_at = coalesce(j.started_at, now())
      FROM claimed c
      WHERE j.id = c.staging_job_id AND j.status IN ('pending', 'scheduled')
    )
    SELECT ${itemColumns} FROM claimed i, ${notifyProgress(sql`i.staging_job_id`, sql`i.id`)}`);
  return item;
}

/** The item if that attempt got it. FOR UPDATE waits for whoever still has the row in hand, so the answer is final. */
async function findAttempt(q: Queryable, itemId: number, attemptId: string): Promise<StagingItem | undefined> {
  const [item] = await q.query<StagingItem>(sql`
    SELECT ${itemColumns} FROM staging_item i WHERE i.id = ${itemId} FOR UPDATE`);
  return item?.attemptId === attemptId && item.status === "in_progress" ? item : undefined;
}

async function whyNot(q: Queryable, itemId: number, locationIds: readonly number[]): Promise<ClaimOutcome> {
  const [row] = await q.query<StagingItem & { active: boolean; pauseMessage: string | undefined }>(sql`
    SELECT ${itemColumns}, d.active, d.pause_message AS "pauseMessage"
    FROM staging_item i JOIN data_location d ON d.id = i.destination_id WHERE i.id = ${itemId}`);
  if (!row) return { outcome: "unknown" };
  const { active, pauseMessage, ...item } = row;
  if (!locationIds.includes(item.destinationId)) return { outcome: "elsewhere", item };
  if (item.status === "failed" && item.reason === "cancelled") return { outcome: "cancelled", item };
  if (item.status === "failed" || item.status === "completed") return { outcome: "finished", item };
  if (item.status !== "in_progress" && !active) return { outcome: "paused", item, message: "it is out of use" };
  if (item.status !== "in_progress" && pauseMessage) return { outcome: "paused", item, message: pauseMessage };
  return { outcome: "busy", item };
}

/**
 * Keeps a claim for another lease and carries the progress along.
 *
 * @param unwritten  what is left of the room that the claim was promised; as much as before when it is not said
 * @returns `lost` when it is not ours any more; `cancelled` when it is, and somebody wants the work stopped
 */
export async function renewClaim(
  q: Queryable,
  attemptId: string,
  leaseSeconds: number,
  bytesDone: number,
  unwritten?: Room,
): Promise<"held" | "lost" | "cancelled"> {
  const [renewed] = await q.query<{ cancelRequested: boolean }>(sql`
    WITH renewed AS (
      UPDATE staging_item
      SET lease_until = now() + make_interval(secs => ${leaseSeconds}), bytes_done = ${bytesDone},
          unwritten_bytes = least(unwritten_bytes, ${unwritten?.bytes}::bigint),
          unwritten_files = least(unwritten_files, ${unwritten?.files}::bigint)
      WHERE attempt_id = ${attemptId} AND status = 'in_progress'
      RETURNING id, staging_job_id, cancel_requested
    )
    SELECT r.cancel_requested AS "cancelRequested"
    FROM renewed r, ${notifyProgress(sql`r.staging_job_id`, sql`r.id`)}`);
  if (!renewed) return "lost";
  return renewed.cancelRequested ? "cancelled" : "held";
}
