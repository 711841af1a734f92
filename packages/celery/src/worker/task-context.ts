import type { Logger } from "pino";
import type { Client } from "../client/client.ts";
import type { ResultStore } from "../results/results.ts";
import type { Held, Work } from "./held.ts";
import type { Persistence } from "./settle.ts";
import type { TaskContext } from "./task.ts";
import { taskMeta } from "./task-meta.ts";

export interface ContextParts {
  results: ResultStore;
  client: Client;
  persist: Persistence;
  log: Logger;
}

/** What a task gets to work with. */
export function taskContext(held: Held, work: Work, { results, client, persist, log }: ContextParts): TaskContext {
  const { request } = work;
  return {
    request,
    signal: held.stop.signal,
    leaseLost: held.leaseLost.signal,
    log,

    async updateState(state, result) {
      if (work.ignoreResult) return;
      try {
        await results.store(taskMeta(work.owner, state, result));
      } catch (error) {
        // Progress is not worth a task.
        log.warn({ err: error, state }, "a state could not be stored");
      }
    },

    async settleOther(taskId, outcome) {
      const meta =
        "error" in outcome
          ? taskMeta({ id: taskId }, "FAILURE", outcome.error)
          : taskMeta({ id: taskId }, "SUCCESS", outcome.result);
      const stored = await persist.insist(held, `storing the result of task ${taskId}`, () => results.store(meta));
      if (!stored) throw new Error(`the result of task ${taskId} could not be stored while the lease lasted`);
    },

    send: (queue, name, options) =>
      client.send(queue, name, { parentId: request.id, rootId: request.rootId ?? request.id, ...options }),
  };
}
