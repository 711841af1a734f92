import sql, { type Sql } from "sql-template-tag";
import { ClaimLost } from "../errors/database.ts";
import { stagedKey } from "../model/staged-key.ts";
import type { Claim, StagingItem } from "../model/staging.ts";
import { itemColumns, noRoom } from "./columns.ts";
import type { Database, Queryable } from "./database.ts";
import { decided } from "./decided.ts";
import { type JobEnd, settleJob } from "./job-end.ts";
import { notifyItems, notifyProgress } from "./notifications.ts";
import { recordCopies } from "./recording.ts";
import { holdsRoom, wakeWaiting } from "./room.ts";
import type { ItemFailure } from "./scheduling.ts";

// How a claim ends. Each of these may be called again when it is not known whether the last call got through: the item
// remembers its latest attempt's id, and an end that this very attempt recorded already counts as recorded now.

export interface Completion {
  /** Nothing was moved: an intact copy lay there. */
  alreadyThere: boolean;
  /** Where the bytes were read. */
  sourceCopyId: number | undefined;
  /** Below the location's path; default {@link stagedKey}. */
  targetKey?: string;
}

/**
 * Records in one transaction that the package is there: its copy as staged, with the job's lifetime from now on (a longer
 * one that it has already is kept), each of its files as present, the item as completed, and the job if this was its last.
 *
 * @throws ClaimLost when the attempt is not the item's latest any more; nothing is recorded then
 */
export async function completeItem(db: Database, claim: Claim, completion: Completion): Promise<JobEnd> {
  const { alreadyThere, sourceCopyId, targetKey = stagedKey(claim.item.packageName) } = completion;
  return await decided(db, async (tx) => {
    // First the copies: a million files take a while, during which the claim is renewed, so its row must be free. Whether
    // the claim still stands is decided after that; when it does not, the copies go with the transaction.
    if (await isUnderWay(tx, claim)) await recordCopies(tx, claim.item, targetKey);
    await endClaim(
      tx,
      claim,
      sql`status = 'completed', bytes_done = size, already_there = ${alreadyThere}, source_copy_id = ${sourceCopyId},
          reason = NULL, error_code = NULL, error_text = NULL, cancel_requested = false, finished_at = now()`,
      (found) => found.status === "completed",
    );
    return await settleJob(tx, claim.item.jobId);
  });
}

export type Release = ItemFailure & {
  /** `pending`: a manager rings again when it is due. `scheduled`: the message is back at the head of its queue. */
  to: "pending" | "scheduled";
  /** With `pending`; at once by default. */
  retryInSeconds?: number;
  /** The attempt failed, and is not to be repeated for ever. */
  countsAsFailure?: boolean;
};

/**
 * Gives the item back; when somebody asked to cancel it, that is its end.
 *
 * @throws ClaimLost
 */
export async function releaseItem(db: Database, claim: Claim, release: Release): Promise<JobEnd> {
  const { to, reason, code, text, countsAsFailure = false } = release;
  const retryInSeconds = to === "pending" ? release.retryInSeconds : undefined;
  return await decided(db, async (tx) => {
    if (reason !== "no_space") await passRoomOn(tx, claim);
    await endClaim(
      tx,
      claim,
      sql`status = CASE WHEN cancel_requested THEN 'failed' ELSE ${to} END,
          reason = CASE WHEN cancel_requested THEN 'cancelled' ELSE ${reason} END,
          finished_at = CASE WHEN cancel_requested THEN now() END,
          retry_at = CASE WHEN NOT cancel_requested THEN now() + make_interval(secs => ${retryInSeconds}::double precision) END,
          failures = failures + CASE WHEN ${countsAsFailure} THEN 1 ELSE 0 END,
          rung_at = now(), ring_count = CASE WHEN ${to} = 'scheduled' THEN 1 ELSE 0 END,
          error_code = ${code}, error_text = ${text}, cancel_requested = false`,
      (found) => (found.status === to && found.reason === reason) || found.reason === "cancelled",
    );
    if (to === "pending") await notifyItems(tx);
    return await settleJob(tx, claim.item.jobId);
  });
}

/**
 * Ends the item for good.
 *
 * @throws ClaimLost
 */
export async function failItem(db: Database, claim: Claim, { reason, code, text }: ItemFailure): Promise<JobEnd> {
  return await decided(db, async (tx) => {
    await passRoomOn(tx, claim);
    await endClaim(
      tx,
      claim,
      sql`status = 'failed', reason = ${reason}, error_code = ${code}, error_text = ${text},
          retry_at = NULL, cancel_requested = false, finished_at = now()`,
      (found) => found.status === "failed",
    );
    return await settleJob(tx, claim.item.jobId);
  });
}

/** Not yet ended by an earlier call whose answer was lost. A look, not a lock: who is right is decided by the end itself. */
async function isUnderWay(q: Queryable, { item, attemptId }: Claim): Promise<boolean> {
  const rows = await q.query(sql`
    SELECT 1 FROM staging_item WHERE id = ${item.id} AND attempt_id = ${attemptId} AND status = 'in_progress'`);
  return rows.length > 0;
}

/**
 * Those that wait for room are tried now if this attempt gives some back. An attempt that ended for want of room wakes
 * nobody: two of them would wake each other for ever.
 */
async function passRoomOn(tx: Queryable, { item, attemptId }: Claim): Promise<void> {
  if (await holdsRoom(tx, attemptId)) await wakeWaiting(tx, item.destinationId);
}

/**
 * Ends the attempt as `changes` say, and with it what it was promised. The first UPDATE waits for a transaction of ours that the server has not given up
 * yet, so what is found afterwards is final.
 *
 * @param isOurEnd  recognises an item that an earlier call for this attempt has ended the same way
 */
async function endClaim(
  tx: Queryable,
  claim: Claim,
  changes: Sql,
  isOurEnd: (found: StagingItem) => boolean,
): Promise<void> {
  const { item, attemptId, attempt } = claim;
  const [ended] = await tx.query<StagingItem>(sql`
    WITH ended AS (
      UPDATE staging_item SET ${changes}, lease_until = NULL, attempt_ended_at = now(), ${noRoom}
      WHERE id = ${item.id} AND attempt_id = ${attemptId} AND status = 'in_progress'
      RETURNING *
    )
    SELECT ${itemColumns} FROM ended i, ${notifyProgress(sql`i.staging_job_id`, sql`i.id`)}`);
  if (ended) return;
  const [found] = await tx.query<StagingItem>(sql`
    SELECT ${itemColumns} FROM staging_item i WHERE i.id = ${item.id} AND i.attempt_id = ${attemptId} FOR UPDATE`);
  if (found && isOurEnd(found)) return;
  throw new ClaimLost({ item: item.id, attempt });
}
