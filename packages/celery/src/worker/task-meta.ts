import { writeIsoTime } from "../message/iso-time.ts";
import type { RemoteError, TaskMeta, TaskState } from "../results/results.ts";

/** Which task a stored state belongs to. */
export interface MetaOwner {
  id: string;
  groupId?: string | undefined;
  parentId?: string | undefined;
}

const ready: ReadonlySet<string> = new Set<TaskState>(["SUCCESS", "FAILURE", "REVOKED"]);

/** What Celery's backends store (celery 5.6 `backends/base.py`, `_get_result_meta`): `date_done` only in a ready state. */
export function taskMeta(owner: MetaOwner, status: string, result: unknown, traceback: string | null = null): TaskMeta {
  return {
    task_id: owner.id,
    // A task may have states of its own, which Celery stores as they are.
    status: status as TaskState,
    result: result ?? null,
    traceback,
    children: [],
    date_done: ready.has(status) ? writeIsoTime(new Date()) : null,
    ...(owner.groupId === undefined ? {} : { group_id: owner.groupId }),
    ...(owner.parentId === undefined ? {} : { parent_id: owner.parentId }),
  };
}

/** Celery's own errors, as its workers store them. */
export const celeryErrors = {
  notRegistered: (name: string) => celeryError("NotRegistered", name),
  expired: () => celeryError("TaskRevokedError", "expired"),
};

function celeryError(exc_type: string, message: string): RemoteError {
  return { exc_type, exc_message: [message], exc_module: "celery.exceptions" };
}
