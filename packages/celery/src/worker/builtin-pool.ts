import { type BuiltinTask, builtinTasks } from "../canvas/builtin-tasks.ts";
import type { CanvasServices } from "../canvas/services.ts";
import { inlinePool } from "./pool/inline.ts";
import type { Job, JobEnd, Pool } from "./pool/pool.ts";
import type { Task, TaskContext, TaskRequest } from "./task.ts";

export interface BuiltinPool {
  /** Celery's built-in tasks, as tasks of this worker. */
  readonly tasks: readonly Task[];
  /** Runs a built-in task in this process, every other one in the pool. */
  run(job: Job): Promise<JobEnd>;
  terminate(taskId: string, signal: string): boolean;
}

/**
 * Celery's built-in tasks send tasks and look at results, so they run where the worker is. Those that run other tasks,
 * as `celery.map` does, run them in the pool, in their own slot.
 *
 * @param find  the task of a request that a built-in one makes
 */
export function builtinPool(
  pool: Pool,
  services: CanvasServices,
  find: (request: TaskRequest) => Task | undefined,
): BuiltinPool {
  const here = inlinePool({ concurrency: Number.MAX_SAFE_INTEGER });
  const tasks: BuiltinTask<TaskContext>[] = builtinTasks<TaskContext>({ services, run: runInPool });
  const builtin: ReadonlySet<Task> = new Set(tasks);

  async function runInPool(context: TaskContext): Promise<unknown> {
    const task = find(context.request);
    if (!task || builtin.has(task)) {
      throw Object.assign(new Error(`no task here is named ${context.request.name}`), { name: "NotRegistered" });
    }
    const end = await pool.run({
      task,
      request: context.request,
      limits: { hard: undefined, soft: undefined },
      stop: context.signal,
      context: (signal) => ({ ...context, signal }),
      started: () => {},
    });
    if (end.kind === "returned") return end.value;
    if (end.kind === "threw") throw end.error;
    if (end.kind === "stopped") throw context.signal.reason;
    throw new Error(`${task.name} did not end: ${end.kind}`);
  }

  return {
    tasks,
    run: (job) => (builtin.has(job.task) ? here.run(job) : pool.run(job)),
    terminate: (taskId, signal) => here.terminate(taskId, signal) || pool.terminate(taskId, signal),
  };
}
