import { readRemoteError } from "../results/read-remote-error.ts";
import { type ResultTuple, readResultTuple, resultTuple } from "../results/result-tuple.ts";
import type { ResultStore, TaskMeta } from "../results/results.ts";
import { isReadyState } from "../results/task-state.ts";
import { TaskFailed } from "./task-failed.ts";

/** What becomes of a task, or of a group of them: Celery's AsyncResult and GroupResult. */
export interface PendingResult<Value = unknown> {
  readonly id: string;
  /** The result that this one follows in a chain or a chord, where it is known. */
  readonly parent: PendingResult | undefined;
  /** Those of a group, in its order; undefined for a single task. */
  readonly members: readonly PendingResult[] | undefined;
  /** What is stored now, undefined when nothing is; nothing ever is for a group as a whole. */
  get(): Promise<TaskMeta | undefined>;
  /** PENDING when nothing is stored. A group is ready when all its members are, and fails with any of them. */
  state(): Promise<TaskMeta["status"] | (string & {})>;
  /**
   * Waits until the task has ended and answers its value; of a group the values of all members, in its order.
   *
   * @throws {TaskFailed} when it ended in FAILURE or REVOKED, or the first member did
   * @throws the signal's reason when it aborts first
   */
  wait(signal: AbortSignal): Promise<Value>;
  /** What the task has sent: callbacks, the next step of its chain, and what it sent itself. Known once it has ended. */
  children(): Promise<PendingResult[]>;
  /** Removes what is stored, of all that lead to it, too. */
  forget(): Promise<void>;
}

export function pendingResult<Value>(results: ResultStore, tuple: ResultTuple): PendingResult<Value> {
  const [[id, before], inside] = tuple;
  const parent = before ? pendingResult(results, before) : undefined;
  const common = { id, parent, forget: () => forget() };
  const own = inside ? groupResult(inside.map((member) => pendingResult(results, member))) : taskResult(results, id);
  return { ...common, ...own } as PendingResult<Value>;

  async function forget(): Promise<void> {
    const members = inside?.map((member) => pendingResult(results, member).forget()) ?? [results.forget(id)];
    await Promise.all([...members, parent?.forget()]);
  }
}

/** The tuple by which Celery writes a result down. */
export function tupleOf({ id, parent, members }: PendingResult): ResultTuple {
  return resultTuple(id, parent ? tupleOf(parent) : null, members ? members.map(tupleOf) : null);
}

type Own = Pick<PendingResult, "members" | "get" | "state" | "wait" | "children">;

function taskResult(results: ResultStore, id: string): Own {
  return {
    members: undefined,
    get: () => results.get(id),
    state: async () => (await results.get(id))?.status ?? "PENDING",
    async wait(signal) {
      const { status, result, traceback } = await results.waitFor(id, signal);
      if (status === "SUCCESS") return result;
      throw new TaskFailed(id, readRemoteError(status, result), traceback);
    },
    async children() {
      const written = (await results.get(id))?.children;
      const tuples = (Array.isArray(written) ? written : []).map((child) => readResultTuple(child));
      return tuples.filter((tuple) => tuple !== undefined).map((tuple) => pendingResult(results, tuple));
    },
  };
}

function groupResult(members: readonly PendingResult[]): Own {
  return {
    members,
    get: async () => undefined,
    async state() {
      const states = await Promise.all(members.map((member) => member.state()));
      if (!states.every(isReadyState)) return "PENDING";
      return states.find((state) => state !== "SUCCESS") ?? "SUCCESS";
    },
    wait: (signal) => Promise.all(members.map((member) => member.wait(signal))),
    children: async () => [...members],
  };
}
