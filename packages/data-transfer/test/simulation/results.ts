import type { ResultStore, TaskMeta } from "@ccatobs/celery";

/** Results as they were stored, without a server: nothing but the last of each counts here. */
export class SimulatedResults {
  readonly stored = new Map<string, TaskMeta>();
  onStore: (meta: TaskMeta) => void = () => {};

  /** As much of a result store as is used to store results. */
  get store(): ResultStore {
    return {
      store: async (meta: TaskMeta) => {
        this.stored.set(meta.task_id, meta);
        this.onStore(meta);
        return true;
      },
    } as Partial<ResultStore> as ResultStore;
  }
}
