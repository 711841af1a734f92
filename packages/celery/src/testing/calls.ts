import type { Task } from "../worker/task.ts";
import { plain } from "./plain.ts";

/** One run of a task, as it went. */
export interface Call {
  id: string;
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  queue: string;
  /** 0 for the first try. */
  retries: number;
  /** What it came to; `running` until it has. */
  outcome: "running" | "returned" | "threw";
  value: unknown;
  /** What it threw: the thing itself, not what a result store makes of it. Also a Retry, or another outcome. */
  error: unknown;
}

/** The tasks, such that each of their runs is noted. */
export function noted(tasks: readonly Task[], calls: Call[]): Task[] {
  return tasks.map((task) => ({
    ...task,
    async run(context) {
      const { id, name, queue, retries } = context.request;
      const { args, kwargs } = plain(context.request);
      const call: Call = {
        ...{ id, name, args, kwargs, queue, retries },
        outcome: "running",
        value: undefined,
        error: undefined,
      };
      calls.push(call);
      try {
        call.value = await task.run(context);
        call.outcome = "returned";
        return call.value;
      } catch (error) {
        call.error = error;
        call.outcome = "threw";
        throw error;
      }
    },
  }));
}
