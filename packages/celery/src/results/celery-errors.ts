import { remoteRepr } from "./python-error.ts";
import type { RemoteError } from "./results.ts";

/**
 * Celery's own errors, as its workers store them: module and arguments are those of celery 5.6 (`exceptions.py`,
 * `worker/request.py`) and of billiard, so that a Python client raises the very class.
 */
export const celeryErrors = {
  notRegistered: (name: string) => celery("NotRegistered", name),
  revoked: (how: "revoked" | "terminated" | "expired") => celery("TaskRevokedError", how),
  /** A member of a chord's header, or of what leads to it, has not succeeded. */
  dependencyFailed: (taskId: string, reason: RemoteError) =>
    celery("ChordError", `Dependency ${taskId} raised ${remoteRepr(reason)}`),
  /** What was to follow a chord's header could not be sent. */
  chordError: (message: string) => celery("ChordError", message),
  /** @param text  billiard says `Worker exited prematurely: signal 9 (SIGKILL) Job: 3.` */
  workerLost: (text: string) => billiard("WorkerLostError", text),
} as const;

function celery(exc_type: string, ...exc_message: unknown[]): RemoteError {
  return { exc_type, exc_message, exc_module: "celery.exceptions" };
}

function billiard(exc_type: string, ...exc_message: unknown[]): RemoteError {
  return { exc_type, exc_message, exc_module: "billiard.exceptions" };
}
