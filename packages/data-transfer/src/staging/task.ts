import { dirname } from "node:path";
import { CeleryError, DeadLetter, Ignore, Requeue, type Task, type TaskContext, WorkerShutdown } from "@ccatobs/celery";
import type { Logger } from "pino";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { ClaimLost } from "../errors/database.ts";
import { ClaimUnrenewable, StagingDefect, StagingInterrupted, StagingTimeLimit } from "../errors/staging.ts";
import type { Room } from "../model/room.ts";
import type { StagingItem } from "../model/staging.ts";
import type { Database } from "../opsdb/database.ts";
import {
  type Claimed,
  claimItem,
  completeItem,
  failItem,
  holdItem,
  type JobEnd,
  releaseItem,
  renewClaim,
} from "../opsdb/items.ts";
import { recordStagedCopyLost } from "../opsdb/lifetimes.ts";
import { keepClaim } from "./claim-keeper.ts";
import { loadConsignment } from "./consignment.ts";
import { fanOut } from "./fan-out.ts";
import { settleWaitingJob } from "./job-result.ts";
import { readStagingRequest } from "./message.ts";
import type { MountProbe, MountWatch } from "./mount-probe.ts";
import { type ItemOutcome, outcomeOf, type RetryPolicy } from "./outcome.ts";
import { persistently } from "./persistently.ts";
import type { Reservation, Space } from "./space.ts";
import { type Consignment, discardLeftover, type StagingPlace, stagePackage } from "./stage-package.ts";

/** What the staging task works with, besides its message. */
export interface StagingWork {
  db: Database;
  place: StagingPlace;
  space: Space;
  /** Looks after the file system of a location that this worker serves. */
  mountOf(locationId: number): Pick<MountProbe, "look" | "watch">;
  /** Folder that every processing location must lie in. */
  root: string;
  /** Locations whose queues this worker consumes; a message for another one is refused. */
  locationIds: readonly number[];
  /** As `claimed_by` has it. */
  worker: string;
  /** Seconds that a claim holds without being renewed. */
  claimLease: number;
  retry: RetryPolicy;
  observer: StagingObserver;
}

/** Told what happens, for metrics. */
export interface StagingObserver {
  claimed(): void;
  /** More bytes read from an archive, or re-read from disk while an existing copy was verified. */
  moved(bytes: number): void;
  /** The claim ended: `completed`, `pending`, `scheduled`, `failed` or `lost`, with the code of what was in the way. */
  ended(state: string, code: string | undefined): void;
}

/** The Celery task that stages one item, or fans a job out into its items. */
export function stagingTask(work: StagingWork, name: string): Task {
  return {
    name,
    async run(context) {
      const request = readStagingRequest(context.request);
      // An item may wait for another attempt, and a job ends with its last item: nothing would be left to follow.
      if (context.request.isFollowed) throw new DeadLetter("unsupported-canvas", canvasRefusal);
      if (request.kind === "job") {
        const { jobId } = request;
        return await fanOut(work.db, work.locationIds, context, jobId).catch(giveBack(`job ${jobId}, not sent out`));
      }
      return stageItem(work, context, request.itemId);
    },
  };
}

/**
 * Database or broker cannot be reached, and there is no attempt yet that could tell of it: nobody shall read of a failure.
 * A worker that reaches them gets the message as it was.
 */
function giveBack(what: string): (error: unknown) => never {
  return (error) => {
    const isPassing =
      error instanceof DataTransferError || (error instanceof CeleryError && error.kind === "transient");
    throw isPassing ? new Requeue(`${what}: ${error.message}`) : error;
  };
}

const canvasRefusal = "staging cannot be followed by a chain, a chord or callbacks; wait for the result instead";

/** What a client reads as the result of an item. */
export interface StagedResult {
  staging_item_id: number;
  staging_job_id: number;
  package: string;
  bytes: number;
  already_there: boolean;
}

/** Seconds that the file system is given while a promise of room is made: others wait for theirs meanwhile. */
const lookWithin = 5;

/** Where Python's clients look for our errors. */
const errorModule = "ccat_data_transfer.errors";

/** Seconds for which a worker that does not reach the database keeps a message, before others may have it. */
const longestPatience = 10;

async function stageItem(work: StagingWork, context: TaskContext, itemId: number): Promise<StagedResult> {
  const { db, locationIds, worker, claimLease } = work;
  const patience = AbortSignal.timeout(Math.min(longestPatience, claimLease) * 1000);
  const claimed = await persistently(context.log, AbortSignal.any([context.signal, patience]), () =>
    claimItem(db, itemId, { worker, leaseSeconds: claimLease, locationIds }),
  ).catch(giveBack(`item ${itemId}, not claimed`));
  switch (claimed.outcome) {
    case "claimed":
      return workOn(work, context, claimed);
    case "finished":
    case "cancelled":
      return await answerEnded(context, claimed.item);
    case "busy":
      throw new Ignore(`item ${itemId} is being worked on`);
    case "paused":
      await holdItem(db, itemId, {
        reason: "paused",
        code: "CDT-PAUSED",
        text: `its location is paused: ${claimed.message}`,
      }).catch(giveBack(`item ${itemId}, not held`));
      throw new Ignore(`item ${itemId} waits: its location is paused`);
    case "elsewhere":
      throw new DeadLetter("wrong-location", `item ${itemId} belongs to a location that this worker does not serve`);
    case "unknown":
      throw new DeadLetter("unknown-item", `there is no staging item ${itemId}`);
  }
}

/** Whoever asks after the end hears what those heard who had waited for it. */
async function answerEnded(context: TaskContext, item: StagingItem): Promise<StagedResult> {
  if (item.status === "completed") return resultOf(item);
  const { id, errorText = `item ${id} has failed`, errorCode } = item;
  const error = { exc_type: "StagingItemFailed", exc_message: [errorText, errorCode], exc_module: errorModule };
  await context.settleOther(context.request.id, { error });
  throw new Ignore(`item ${id} has ended: ${errorText}`);
}

/** From here the item is ours: every path below ends in a recorded completion, release or failure, or in a lost claim. */
async function workOn(work: StagingWork, context: TaskContext, claimed: Claimed): Promise<StagedResult> {
  const { db, observer } = work;
  const { claim, job } = claimed;
  const log = context.log.child({
    job: job.id,
    item: claim.item.id,
    package: claim.item.packageName,
    attempt: claim.attempt,
  });
  log.info("claimed");
  observer.claimed();
  const keeper = keepClaim({
    leaseSeconds: work.claimLease,
    log,
    renew: (bytesDone, unwritten) => renewClaim(db, claim.attemptId, work.claimLease, bytesDone, unwritten),
  });
  let consignment: Consignment | undefined;
  let watch: MountWatch | undefined;
  let reservation: Reservation | undefined;
  try {
    consignment = await loadConsignment(db, work.root, claimed);
    const mount = work.mountOf(claimed.destination.id);
    watch = mount.watch();
    const signal = AbortSignal.any([keeper.signal, context.signal, watch.signal]);
    let seen = 0;
    const onBytes = (done: number) => {
      observer.moved(Math.max(0, done - seen));
      seen = done;
      keeper.progress(done);
    };
    const onLost = (details: Record<string, unknown>) =>
      db.transaction((tx) => recordStagedCopyLost(tx, claim, details));
    const path = dirname(consignment.target);
    const reserve = async (needed: Room, written?: Room): Promise<Pick<Reservation, "written">> => {
      const look = () => mount.look(lookWithin);
      const promised = await work.space.reserve({ claim, path, needed, written, look });
      reservation = promised;
      return {
        written(bytes, files) {
          promised.written(bytes, files);
          keeper.unwritten(promised.unwritten);
        },
      };
    };
    await mount.look();
    const staging = stagePackage(work.place, consignment, { signal, reserve, onBytes, onLost, log });
    const delivered = await unlessStalled(staging, watch.signal);
    // The tree is visible. What is left is to say so, for as long as the claim stands.
    const end = await persistently(log, keeper.signal, () => completeItem(db, claim, delivered));
    log.info({ bytes: delivered.bytes, files: delivered.files, alreadyThere: delivered.alreadyThere }, "staged");
    observer.ended("completed", undefined);
    await tellWaiting(context, end, log);
    return resultOf({ ...claim.item, alreadyThere: delivered.alreadyThere });
  } catch (error) {
    const why = classify(error, context, keeper.signal, watch?.signal);
    return await endAttempt(work, context, { claimed, consignment, error: why, claimSignal: keeper.signal }, log);
  } finally {
    watch?.end();
    reservation?.end();
    await keeper.stop();
  }
}

/**
 * A call on a mount that hangs does not end, not even when it is told to: the work is left to itself. Should it go on one
 * day, it finds its signal aborted, or its directory taken over by the next attempt.
 */
async function unlessStalled<T>(work: Promise<T>, stalled: AbortSignal): Promise<T> {
  work.catch(() => {});
  const { promise: hangs, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(stalled.reason);
  if (stalled.aborted) onAbort();
  stalled.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, hangs]);
  } finally {
    stalled.removeEventListener("abort", onAbort);
  }
}

/** Records how the attempt ended, and throws what makes the message end the same way. */
async function endAttempt(
  work: StagingWork,
  context: TaskContext,
  ended: {
    claimed: Claimed;
    consignment: Consignment | undefined;
    error: DataTransferError;
    claimSignal: AbortSignal;
  },
  log: Logger,
): Promise<never> {
  const { db, observer } = work;
  const { error, claimSignal, consignment } = ended;
  const { claim } = ended.claimed;
  if (error instanceof ClaimLost || error instanceof ClaimUnrenewable) {
    log.warn({ code: error.code }, error.message);
    observer.ended("lost", error.code);
    throw new Ignore(error.message);
  }
  const outcome = outcomeOf(error, claim.item, work.retry);
  const cancelled = claimSignal.aborted ? new AbortController().signal : claimSignal;
  const end = await persistently(log, cancelled, () => record(db, claim, outcome)).catch((lost: unknown) => {
    log.warn({ err: lost }, "the end of the attempt could not be recorded");
    observer.ended("lost", error.code);
    throw new Ignore("claim lost while the end of the attempt was recorded");
  });
  log.warn({ code: outcome.code, reason: outcome.reason, to: outcome.to, facts: error.facts }, outcome.text);
  observer.ended(outcome.to, outcome.code);
  if (outcome.to === "failed" && consignment !== undefined) {
    await discardLeftover(consignment).catch((err: unknown) => log.warn({ err }, "what the attempt has left stays"));
  }
  await tellWaiting(context, end, log);
  if (outcome.to === "scheduled") throw new Requeue(outcome.text);
  if (outcome.to === "pending") {
    await context.updateState("RETRY", asRemoteError(error));
    throw new Ignore(outcome.text);
  }
  throw error;
}

function record(db: Database, claim: Claimed["claim"], outcome: ItemOutcome) {
  return outcome.to === "failed" ? failItem(db, claim, outcome) : releaseItem(db, claim, outcome);
}

/** A result that cannot be stored changes nothing about the item: the database has it. */
async function tellWaiting(context: TaskContext, end: JobEnd, log: Logger): Promise<void> {
  await settleWaitingJob(context.settleOther, end).catch((error: unknown) => {
    log.warn({ err: error }, "the job's result could not be stored for whoever waits for it");
  });
}

/** What really ended the attempt: an abort shows as many errors, its cause as one. */
function classify(
  error: unknown,
  context: TaskContext,
  claimSignal: AbortSignal,
  mountSignal: AbortSignal | undefined,
): DataTransferError {
  if (claimSignal.aborted) return claimSignal.reason as DataTransferError;
  if (context.signal.aborted) return whyTold(context.signal.reason);
  if (mountSignal?.aborted) return mountSignal.reason as DataTransferError;
  return error instanceof DataTransferError ? error : new StagingDefect(error);
}

/** Nobody revokes our tasks from afar: what is no shutdown is the message's time limit. */
function whyTold(reason: Error): DataTransferError {
  return reason instanceof WorkerShutdown
    ? new StagingInterrupted()
    : new StagingTimeLimit(reason.message, { cause: reason });
}

function asRemoteError(error: DataTransferError) {
  return { exc_type: error.name, exc_message: [error.message, error.code], exc_module: errorModule };
}

function resultOf(item: StagingItem): StagedResult {
  return {
    staging_item_id: item.id,
    staging_job_id: item.jobId,
    package: item.packageName,
    bytes: item.size,
    already_there: item.alreadyThere,
  };
}
