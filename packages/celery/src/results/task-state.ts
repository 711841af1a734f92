import type { TaskMeta } from "./results.ts";

/** Whether the task has ended (celery.states.READY_STATES). */
export function isReady(meta: TaskMeta | undefined): meta is TaskMeta {
  return meta !== undefined && ["SUCCESS", "FAILURE", "REVOKED"].includes(meta.status);
}
