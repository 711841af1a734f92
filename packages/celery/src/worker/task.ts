import type { Logger } from "pino";
import type { RemoteError, TaskState } from "../results/results.ts";

/** One received task, decoded. */
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
}

/** What a task gets to work with. */
export interface TaskContext {
  request: TaskRequest;
  /**
   * Aborted when the worker must stop before the task ends; its reason is a {@link WorkerShutdown}.
   * A lost broker lease does not abort it: see `leaseLost`.
   */
  signal: AbortSignal;
  /** Aborted when the broker lease is lost: somebody else may run the same message. Whether to go on is the task's decision. */
  leaseLost: AbortSignal;
  log: Logger;
  /** Stores an intermediate state (STARTED, RETRY, or one of the task's own) with its meta value. */
  updateState(state: TaskState | (string & {}), result: unknown): Promise<void>;
  /** Stores the final state of another task on whose behalf this one worked. */
  settleOther(taskId: string, outcome: { result: unknown } | { error: RemoteError }): Promise<void>;
  /** Publishes another task to a queue of the same broker. */
  send(queue: string, name: string, options: SendOptions): Promise<string>;
}

export interface SendOptions {
  args?: unknown[];
  kwargs?: Record<string, unknown>;
  /** Task id; a new uuid by default. */
  id?: string;
  /** 0 (served first) to 9. */
  priority?: number;
  /** Seconds from now. */
  countdown?: number;
  parentId?: string;
  rootId?: string;
}

/** A task: its name (globs `*` and `?` allowed), and an async function. What it returns is its result and must be JSON. */
export interface Task {
  name: string;
  run(context: TaskContext): Promise<unknown>;
}
