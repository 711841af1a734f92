import type { ResultTuple } from "./result-tuple.ts";

/** Celery's task states (celery.states). */
export type TaskState = "PENDING" | "RECEIVED" | "STARTED" | "SUCCESS" | "FAILURE" | "RETRY" | "REVOKED";

/** An exception as Python's result backend reads it. */
export interface RemoteError {
  exc_type: string;
  exc_message: unknown[];
  exc_module: string;
}

/** What is stored below `celery-task-meta-<id>`. */
export interface TaskMeta {
  task_id: string;
  /** One of Celery's states, or one of the task's own. */
  status: TaskState | (string & {});
  /** Value, or a {@link RemoteError} in the states FAILURE, RETRY and REVOKED. */
  result: unknown;
  traceback: string | null;
  /** Results of what the task has sent, as {@link ResultTuple}s; whatever a peer has written. */
  children: readonly unknown[];
  /** ISO 8601 with offset in a ready state, else null. */
  date_done: string | null;
  [more: string]: unknown;
}

/** One member of a chord's header that has ended. */
export interface ChordPart {
  /** Position of its result in the list that the body gets; undefined: in the order of arrival. */
  index: number | undefined;
  taskId: string;
  state: TaskState;
  result: unknown;
}

/** The part that completed a chord gets all of them, in order; everybody else gets undefined. */
export type ChordJoin = readonly Omit<ChordPart, "index">[] | undefined;

/** Where results lie. `redisResults` and `memoryResults` pass one suite (`results.conformance.ts`). */
export interface ResultStore {
  connect(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /**
   * Stores and publishes in one step; never overwrites SUCCESS. Returns whether it was stored. What is stored in one turn of
   * the event loop goes in one round trip, in its order.
   */
  store(meta: TaskMeta): Promise<boolean>;
  get(taskId: string): Promise<TaskMeta | undefined>;
  /** Waits for a ready state; rejects when the signal aborts. */
  waitFor(taskId: string, signal: AbortSignal): Promise<TaskMeta>;
  /** Removes a result. */
  forget(taskId: string): Promise<void>;

  /** Keeps what a group consists of, as Celery's GroupResult.save does. */
  saveGroup(groupId: string, group: ResultTuple): Promise<void>;
  getGroup(groupId: string): Promise<ResultTuple | undefined>;
  /** Says how many members a chord waits for. */
  startChord(groupId: string, size: number): Promise<void>;
  /**
   * Counts a member in, once however often it is told. Whoever completes the chord gets all members, and gets them again
   * when told again, until {@link endChord}: who dies before the body is sent loses nothing.
   *
   * @param options.size  members that there are at least: a smaller size that somebody has said is corrected in the same step
   */
  joinChord(groupId: string, part: ChordPart, options: { ordered: boolean; size?: number }): Promise<ChordJoin>;
  /** The chord's body is sent, or failed: takes its members away. */
  endChord(groupId: string): Promise<void>;
}
