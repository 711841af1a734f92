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
  status: TaskState;
  /** Value, or a {@link RemoteError} in the states FAILURE, RETRY and REVOKED. */
  result: unknown;
  traceback: string | null;
  children: unknown[];
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

  /** Keeps what a group consists of, as Celery's GroupResult.save does: `[[id, parent], [members]]`. */
  saveGroup(groupId: string, members: unknown): Promise<void>;
  getGroup(groupId: string): Promise<unknown>;
  /** Says how many members a chord waits for. */
  startChord(groupId: string, size: number): Promise<void>;
  /** Counts a member in, once however often it is told. */
  joinChord(groupId: string, part: ChordPart, options: { ordered: boolean }): Promise<ChordJoin>;
}
