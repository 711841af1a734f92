import type { Broker } from "../broker/broker.ts";
import type { SendOptions } from "../canvas/send-options.ts";
import { CeleryError } from "../celery-error.ts";
import { encodeTask } from "../message/encode-task.ts";
import { readRemoteError } from "../results/read-remote-error.ts";
import type { RemoteError, ResultStore, TaskMeta } from "../results/results.ts";
import { taskMeta } from "../results/task-meta.ts";

export interface Client {
  /** Publishes a task to a queue; answers its id. Rejects when the broker does not take it. */
  send(queue: string, name: string, options?: SendOptions): Promise<string>;
  result(taskId: string): PendingResult;
  /** Stores the final state of a task that nobody runs: on whose behalf others worked, or that turned out to be hopeless. */
  settle(taskId: string, outcome: { result: unknown } | { error: RemoteError }): Promise<void>;
}

export interface PendingResult {
  readonly id: string;
  /** What is stored now, undefined when nothing is. */
  get(): Promise<TaskMeta | undefined>;
  /**
   * Waits until the task has ended and answers its value.
   *
   * @throws {TaskFailed} when it ended in FAILURE or REVOKED
   * @throws the signal's reason when it aborts first
   */
  wait(signal: AbortSignal): Promise<unknown>;
}

/**
 * Sends tasks to Celery workers of any language and awaits their results.
 *
 * @param parts  both connected and closed by the caller
 */
export function createClient({ broker, results }: { broker: Broker; results: ResultStore }): Client {
  return {
    async send(queue, name, options = {}) {
      const envelope = encodeTask({ ...options, queue, name });
      await broker.publish(queue, envelope);
      return envelope.headers.id as string;
    },
    async settle(id, outcome) {
      await results.store(
        "error" in outcome ? taskMeta({ id }, "FAILURE", outcome.error) : taskMeta({ id }, "SUCCESS", outcome.result),
      );
    },
    result: (id) => ({
      id,
      get: () => results.get(id),
      async wait(signal) {
        const { status, result, traceback } = await results.waitFor(id, signal);
        if (status === "SUCCESS") return result;
        throw new TaskFailed(id, readRemoteError(status, result), traceback);
      },
    }),
  };
}

/** A task ended in FAILURE or REVOKED, wherever it ran. */
export class TaskFailed extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-TASK-FAILED";
  readonly help = "the traceback, and the log of the worker that ran it, say more";
  readonly taskId: string;
  readonly remote: RemoteError;
  /** Where it failed, as the worker told it. */
  readonly traceback: string | null;

  constructor(taskId: string, remote: RemoteError, traceback: string | null) {
    super(`task ${taskId} ended with ${remote.exc_type}: ${remote.exc_message.map(String).join(", ")}`);
    this.taskId = taskId;
    this.remote = remote;
    this.traceback = traceback;
  }
}
