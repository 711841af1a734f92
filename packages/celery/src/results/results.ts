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

/** Where results lie. `redisResults` and `memoryResults` pass one suite (`results.conformance.ts`). */
export interface ResultStore {
  connect(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** Stores and publishes in one step; never overwrites SUCCESS. Returns whether it was stored. */
  store(meta: TaskMeta): Promise<boolean>;
  get(taskId: string): Promise<TaskMeta | undefined>;
  /** Waits for a ready state; rejects when the signal aborts. */
  waitFor(taskId: string, signal: AbortSignal): Promise<TaskMeta>;
}
