import type { Logger } from "pino";
import { inlinePool } from "../worker/pool/inline.ts";
import type { Pool } from "../worker/pool/pool.ts";
import { processPool } from "../worker/pool/process.ts";
import { UsageError } from "./usage-error.ts";

export interface PoolWishes {
  /** Ours, or Celery's name. */
  kind: string;
  concurrency: number;
  /** The app's module, which children import, too, and the export that is the app. */
  path: string;
  exportName: string | undefined;
  /** Names of environment variables that children get besides the usual few. */
  env: readonly string[];
  maxTasksPerChild: number | undefined;
  /** KiB. */
  maxMemoryPerChild: number | undefined;
  log: Logger;
}

/** The pool that was asked for, under our name or Celery's. @throws {UsageError} */
export function makePool(wishes: PoolWishes): { pool: Pool; warnings: string[] } {
  const { kind, concurrency, path, exportName, env, maxTasksPerChild, maxMemoryPerChild, log } = wishes;
  if (kind === "process" || kind === "prefork" || kind === "processes") {
    const limits = { ...(maxTasksPerChild && { maxTasksPerChild }), ...(maxMemoryPerChild && { maxMemoryPerChild }) };
    const where = { app: path, ...(exportName !== undefined && { exportName }) };
    return { pool: processPool({ ...where, concurrency, ...limits, env, log }), warnings: [] };
  }
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
