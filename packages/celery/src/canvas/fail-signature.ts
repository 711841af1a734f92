import type { RemoteError, ResultStore } from "../results/results.ts";
import { taskMeta } from "../results/task-meta.ts";
import { freeze, placeOf } from "./freeze.ts";
import { resultIdOf } from "./result-of.ts";
import { bodyOf, headerOf, kindOf, listOf, tasksOf } from "./shape.ts";
import type { Signature } from "./signature.ts";

/** Why tasks that will never be sent have ended. */
export interface Verdict {
  state: "FAILURE" | "REVOKED";
  error: RemoteError;
  traceback: string | null;
}

/** A task that will never be sent, and for which somebody may wait. */
export interface Unsent {
  signature: Signature;
  /** Whether it is a member of a chord that has begun. */
  joins: boolean;
}

/** The tasks of a canvas with their ids and places; those without an id nobody can wait for. */
export function unsentTasksOf(signature: Signature): Unsent[] {
  const unknown = () => "";
  const frozen = kindOf(signature) === "task" ? signature : freeze(signature, placeOf(signature), unknown);
  return [...tasksIn(frozen, true)].filter(({ signature }) => Boolean(signature.options.task_id));
}

function* tasksIn(signature: Signature, joins: boolean): Generator<Unsent> {
  switch (kindOf(signature)) {
    case "task":
      yield { signature, joins };
      return;
    case "chain":
    case "group":
      for (const task of tasksOf(signature)) yield* tasksIn(task, joins);
      return;
    case "chord":
      // Its own members count for nothing, as it has not begun; its body may be a member of one that has.
      for (const task of headerOf(signature)) yield* tasksIn(task, false);
      yield* tasksIn(bodyOf(signature), joins);
  }
}

/** Stores for each task that it will not run; who waits for one of them waits no longer. */
export async function storeUnsent(results: ResultStore, unsent: readonly Unsent[], verdict: Verdict): Promise<void> {
  const { state, error, traceback } = verdict;
  await Promise.all(
    unsent.map(async ({ signature: { options } }) => {
      if (options.ignore_result === true) return;
      const owner = { id: options.task_id!, groupId: options.group_id, parentId: options.parent_id };
      await results.store(taskMeta(owner, state, error, traceback));
    }),
  );
}

/** The errbacks of a canvas that has failed before it was sent, and the id that each is told. */
export function errbacksOf(signature: Signature): { id: string; errbacks: unknown[] }[] {
  const frozen = kindOf(signature) === "task" ? signature : freeze(signature, placeOf(signature), () => "");
  return frozenErrbacks(frozen);
}

function frozenErrbacks(frozen: Signature): { id: string; errbacks: unknown[] }[] {
  switch (kindOf(frozen)) {
    case "task":
      return [{ id: frozen.options.task_id ?? "", errbacks: listOf(frozen.options.link_error) }];
    case "group":
      return tasksOf(frozen).flatMap(frozenErrbacks);
    case "chord":
      return frozenErrbacks(bodyOf(frozen));
    case "chain": {
      const id = resultIdOf(frozen);
      const first = tasksOf(frozen).slice(0, 1).flatMap(frozenErrbacks);
      return first.map(({ errbacks }) => ({ id, errbacks }));
    }
  }
}
