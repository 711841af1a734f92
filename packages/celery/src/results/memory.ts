import { EventEmitter, on } from "node:events";
import { parseInertJson, writeJson } from "../message/inert-json.ts";
import type { ResultStore, TaskMeta } from "./results.ts";
import { isReady } from "./task-state.ts";

/** Where the results of several {@link memoryResults} lie. They do not expire. */
export class MemoryResultHub {
  readonly metas = new Map<string, string>();
  readonly stored = new EventEmitter<{ stored: [taskId: string] }>().setMaxListeners(0);
}

/** A result store within one process. */
export function memoryResults(hub: MemoryResultHub = new MemoryResultHub()): ResultStore {
  /** Kept as text, so that nobody changes a result in another's hands. */
  function read(taskId: string): TaskMeta | undefined {
    const text = hub.metas.get(taskId);
    return text === undefined ? undefined : (parseInertJson(text) as TaskMeta);
  }

  return {
    async connect() {},
    async close() {},
    async store(meta) {
      if (read(meta.task_id)?.status === "SUCCESS") return false;
      hub.metas.set(meta.task_id, writeJson(meta));
      hub.stored.emit("stored", meta.task_id);
      return true;
    },
    get: async (taskId) => read(taskId),
    async waitFor(taskId, signal) {
      signal.throwIfAborted();
      const ending = new AbortController();
      const arrivals = on(hub.stored, "stored", { signal: AbortSignal.any([signal, ending.signal]) });
      try {
        for (let meta = read(taskId); ; meta = read(taskId)) {
          if (isReady(meta)) return meta;
          await arrivals.next();
        }
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        ending.abort();
      }
    },
  };
}
