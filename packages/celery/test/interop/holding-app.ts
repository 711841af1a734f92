/** Tasks for children of the process pool: one that heeds its signal, one that never comes back to its event loop. */
import type { Task } from "../../src/worker/task.ts";

const tasks: Task[] = [
  {
    name: "holds",
    async run({ signal, updateState }) {
      await updateState("BEGUN", process.pid);
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  },
  {
    name: "spins",
    async run({ updateState }) {
      await updateState("BEGUN", process.pid);
      for (;;);
    },
  },
  { name: "pid", run: async () => process.pid },
];

export default { tasks };
