import { inlinePool } from "../worker/pool/inline.ts";
import type { Pool } from "../worker/pool/pool.ts";
import type { App } from "./app.ts";
import { UsageError } from "./usage-error.ts";

export interface PoolWishes {
  /** Ours, or Celery's name. */
  kind: string;
  concurrency: number;
  /** The app's module: children import it, too. */
  path: string | undefined;
  app: App;
  maxTasksPerChild: number | undefined;
  /** KiB. */
  maxMemoryPerChild: number | undefined;
}

/** The pool that was asked for, under our name or Celery's. @throws {UsageError} */
export function makePool(wishes: PoolWishes): { pool: Pool; warnings: string[] } {
  const { kind, concurrency, maxTasksPerChild, maxMemoryPerChild } = wishes;
  if (kind === "process" || kind === "prefork" || kind === "processes") throw new UsageError("not there yet");
  if (kind !== "inline" && kind !== "solo") {
    const why = kind in others ? others[kind] : `is not known; inline (or solo) and process (or prefork) are`;
    throw new UsageError(`the pool ${kind} ${why}`, "celery-node worker --app app.ts --pool inline -c 100");
  }
  const limits = { "max-tasks-per-child": maxTasksPerChild, "max-memory-per-child": maxMemoryPerChild };
  const idle = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  return {
    pool: inlinePool({ concurrency: kind === "solo" ? 1 : concurrency }),
    warnings: idle.map(([name]) => `${name} means nothing in the inline pool, which has no children`),
  };
}

const others: Readonly<Record<string, string>> = {
  eventlet: "is Python's; inline runs many tasks in one process while they wait, as it does",
  gevent: "is Python's; inline runs many tasks in one process while they wait, as it does",
  threads: "does not exist here: inline runs tasks that wait, process those that compute",
};
