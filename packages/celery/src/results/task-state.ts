import type { TaskMeta, TaskState } from "./results.ts";

/** Whether the task has ended (celery.states.READY_STATES). */
export function isReady(meta: TaskMeta | undefined): meta is TaskMeta & { status: TaskState } {
  return meta !== undefined && isReadyState(meta.status);
}

export function isReadyState(state: string): boolean {
  return state === "SUCCESS" || state === "FAILURE" || state === "REVOKED";
}
