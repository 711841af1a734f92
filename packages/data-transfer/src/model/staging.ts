import type { ItemReason, Status } from "./status.ts";

/** A request to have packages at a processing location for a while. */
export interface StagingJob {
  id: number;
  destinationId: number;
  requester: string;
  /** 0 (served first) to 9. */
  priority: number;
  /** Seconds that a staged copy is kept after it was staged. */
  lifetime: number;
  status: Status;
  /** Id of the Celery message of a manager that asked for the whole job and waits for its result. */
  waitingTaskId: string | undefined;
  createdAt: string;
  startedAt: string | undefined;
  finishedAt: string | undefined;
  /** When its staged copies were given up before their lifetime ended. */
  releasedAt: string | undefined;
}

/** One package of a job: what is planned, claimed, retried and reported by itself. */
export interface StagingItem {
  id: number;
  jobId: number;
  /** The job's destination. */
  destinationId: number;
  /** The job's priority, 0 (served first) to 9. */
  priority: number;
  /** Undefined when the request named a package that does not exist. */
  packageId: string | undefined;
  packageName: string;
  /** Bytes of the package; 0 when unknown. */
  size: number;
  status: Status;
  reason: ItemReason | undefined;
  /** Not before this time (ISO 8601). */
  retryAt: string | undefined;
  /** How often it was claimed. */
  attempt: number;
  /** Attempts that failed, or whose worker was lost, since somebody last asked for it. Waiting and interruptions do not count. */
  failures: number;
  attemptId: string | undefined;
  claimedBy: string | undefined;
  /** By the database's clock (ISO 8601). */
  leaseUntil: string | undefined;
  sourceCopyId: number | undefined;
  bytesDone: number;
  errorCode: string | undefined;
  errorText: string | undefined;
  /** Id of the item's Celery message: the same in every ring, so that a waiting client sees one task. */
  taskId: string;
  /** How often the queue was rung for it since it last became pending. */
  ringCount: number;
  rungAt: string | undefined;
  /** Somebody asked to stop it while a worker was on it; the worker hears of it when it renews its claim. */
  cancelRequested: boolean;
  /** True when the package was there already and only had to be verified. */
  alreadyThere: boolean;
  startedAt: string | undefined;
  finishedAt: string | undefined;
}

/** A worker's right to work on an item: every later write carries the attempt id. */
export interface Claim {
  item: StagingItem;
  attemptId: string;
  /** Number of the attempt, from 1: part of the private directory's name. */
  attempt: number;
}
