import type { Logger } from "pino";
import type { Continuation } from "../canvas/continuation.ts";
import type { Client } from "../client/client.ts";
import { traceContext } from "../message/trace-context.ts";
import { resultTuple } from "../results/result-tuple.ts";
import type { ResultStore } from "../results/results.ts";
import { taskMeta } from "../results/task-meta.ts";
import type { EndMessage } from "./end-message.ts";
import type { Held, Work } from "./held.ts";
import { Replace, Retry } from "./outcomes.ts";
import type { Persistence } from "./settle.ts";
import type { TaskContext } from "./task.ts";

export interface ContextParts {
  results: ResultStore;
  client: Client;
  persist: Persistence;
  end: EndMessage;
  continuation: Continuation;
  log: Logger;
}

/** What a task gets to work with. */
export function taskContext(
  held: Held,
  work: Work,
  signal: AbortSignal,
  { results, client, persist, end, continuation, log }: ContextParts,
): TaskContext {
  const { request } = work;
  let taskLog: Logger | undefined;
  return {
    request,
    signal,
    get leaseLost() {
      return held.leaseLost.signal;
    },
    get log() {
      taskLog ??= log.child({ task: request.name, taskId: request.id });
      return taskLog;
    },

    async updateState(state, result) {
      if (end.isSilent(work) || held.abandoned) return;
      try {
        await results.store(end.meta(work, state, result));
      } catch (error) {
        // Progress is not worth a task.
        this.log.warn({ err: error, state }, "a state could not be stored");
      }
    },
    retry(options) {
      throw new Retry(options);
    },
    replace(signature) {
      throw new Replace(signature);
    },

    async settleOther(taskId, outcome) {
      const meta =
        "error" in outcome
          ? taskMeta({ id: taskId }, "FAILURE", outcome.error)
          : taskMeta({ id: taskId }, "SUCCESS", outcome.result);
      const stored = await persist.insist(held, `storing the result of task ${taskId}`, () => results.store(meta));
      if (!stored) throw new Error(`the result of task ${taskId} could not be stored while the lease lasted`);
    },
    async send(queue, name, options) {
      const id = await client.send(queue, name, {
        parentId: request.id,
        rootId: request.rootId ?? request.id,
        ...options,
        headers: { ...traceContext(request.headers), ...options?.headers },
      });
      held.children.push(resultTuple(id));
      return id;
    },
    async apply(signature) {
      const { id, child } = await continuation.applied(work.decoded, signature);
      held.children.push(child);
      return id;
    },
  };
}
