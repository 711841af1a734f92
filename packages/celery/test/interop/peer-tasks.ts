import type { Task } from "../../src/index.ts";

/** The tasks of python/peer.py, in our language. */
export const peerTasks: readonly Task[] = [
  { name: "add", run: async ({ request: { args } }) => Number(args[0]) + Number(args[1]) },
  { name: "total", run: async ({ request: { args } }) => (args[0] as number[]).reduce((sum, one) => sum + one, 0) },
  { name: "echo", run: async ({ request: { args, kwargs } }) => ({ args, kwargs }) },
  { name: "who", run: async () => "ours" },
  {
    name: "fail",
    async run({ request: { args } }) {
      throw Object.assign(new Error(String(args[0] ?? "no")), { name: "ValueError" });
    },
  },
  {
    name: "again",
    async run({ request, retry }) {
      const times = Number(request.args[0]);
      if (request.retries < times) return retry({ countdown: 0, maxRetries: times, cause: new Error("not yet") });
      return request.retries;
    },
  },
];
