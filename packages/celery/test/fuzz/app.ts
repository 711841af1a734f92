/** The tasks of a fuzzed worker, for its own process and for children. */
import type { Task } from "../../src/worker/task.ts";

export const succeeds = "some.task";
export const fails = "some.failure";

const tasks: Task[] = [
  { name: succeeds, run: async ({ request: { args, kwargs } }) => [args, kwargs] },
  {
    name: fails,
    async run() {
      throw new RangeError("on purpose");
    },
  },
];

export default { tasks };
