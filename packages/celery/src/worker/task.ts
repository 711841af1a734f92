import type { Logger } from "pino";
import type { SendOptions } from "../canvas/send-options.ts";
import type { Signature } from "../canvas/signature.ts";
import type { RemoteError, TaskState } from "../results/results.ts";

/** One received task, decoded. Plain data: it can be sent to another process. */
export interface TaskRequest {
  id: string;
  name: string;
  queue: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  retries: number;
  redelivered: boolean;
  headers: Readonly<Record<string, unknown>>;
  replyTo: string | undefined;
  rootId: string | undefined;
  parentId: string | undefined;
  groupId: string | undefined;
  groupIndex: number | undefined;
  /** Whether the message names what follows the task: callbacks, errbacks, further steps of a chain, a chord. */
  isFollowed: boolean;
  priority: number;
  eta: Date | undefined;
  expires: Date | undefined;
  /** Stamps by name, as Celery's stamping gave them. */
  stamps: Readonly<Record<string, unknown>>;
}

/** What a task gets to work with. */
export interface TaskContext {
  request: TaskRequest;
  /**
   * Aborted when the task must end before it has: its reason is a {@link WorkerShutdown}, a {@link SoftTimeLimitExceeded},
   * a {@link TimeLimitExceeded} or a {@link TaskRevoked}.
   * A lost broker lease does not abort it: see `leaseLost`.
   */
  signal: AbortSignal;
  /** Aborted when the broker lease is lost: somebody else may run the same message. Whether to go on is the task's decision. */
  leaseLost: AbortSignal;
  log: Logger;
  /** Stores an intermediate state (STARTED, RETRY, or one of the task's own, as PROGRESS) with its meta value. */
  updateState(state: TaskState | (string & {}), result: unknown): Promise<void>;
  /** Ends this run and has the task tried again, as Celery's `self.retry()`: throws {@link Retry}. */
  retry(options?: { countdown?: number; maxRetries?: number; cause?: unknown }): never;
  /** Ends this run and puts another task, or canvas, in its place under the same id, as Celery's `self.replace()`. */
  replace(signature: Signature): never;
  /** Stores the final state of another task on whose behalf this one worked. */
  settleOther(taskId: string, outcome: { result: unknown } | { error: RemoteError }): Promise<void>;
  /** Publishes another task to a queue of the same broker, as a child of this one; answers its id. */
  send(queue: string, name: string, options?: SendOptions): Promise<string>;
  /** Sends a signature, a chain, a group or a chord as a child of this task; answers the id of its (last) result. */
  apply(signature: Signature): Promise<string>;
}

/** What may be set for a task; each wins over the worker's own setting. */
export interface TaskOptions {
  /** `10/s`, `100/m`, `5/h`; per worker. No limit by default. */
  rateLimit?: string;
  /** Hard limit in seconds, where the message has none. */
  timeLimit?: number;
  /** Soft limit in seconds, where the message has none. */
  softTimeLimit?: number;
  /** Acknowledged when it has ended (true, the default) or before it begins (false: lost in a crash). */
  acksLate?: boolean;
  /** Also failed tasks and those beyond their hard limit are acknowledged; true by default. */
  acksOnFailureOrTimeout?: boolean;
  /** When the process that runs it dies: back to the queue (true) or FAILURE with WorkerLostError (false, the default). */
  rejectOnWorkerLost?: boolean;
  ignoreResult?: boolean;
  storeErrorsEvenIfIgnored?: boolean;
  /** Whether STARTED is stored. */
  trackStarted?: boolean;
}

/** A task: its name (globs `*` and `?` allowed), and an async function. What it returns is its result and must be JSON. */
export interface Task extends TaskOptions {
  name: string;
  run(context: TaskContext): Promise<unknown>;
}
