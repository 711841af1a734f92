import { CeleryError } from "../celery-error.ts";
import type { RemoteError } from "../results/results.ts";

/**
 * A task ended in FAILURE or REVOKED, wherever it ran. A task that lets it pass fails with the same error, as Python's
 * clients see it.
 */
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
