/** Tasks that only a process of its own can bear. */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import type { Task } from "../../src/worker/task.ts";

const folder = process.env.POOL_TEST_FOLDER;
if (folder) {
  appendFileSync(`${folder}/started`, `${process.pid}\n`);
  if (existsSync(`${folder}/broken`)) throw new TypeError("the application is broken");
}

const kept: unknown[] = [];
const forEver = () => new Promise<never>(() => {});

const tasks: Record<string, Task["run"]> = {
  pid: async () => process.pid,
  gate: async (context) => [await context.send("gate", context.request.id), process.pid],
  async surroundings() {
    const files = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "gone: it was the folder that is being read";
      }
    });
    return { env: process.env, title: process.title, commandLine: readFileSync("/proc/self/cmdline", "utf8"), files };
  },
  async signalsItself({ request }) {
    process.kill(process.pid, request.args[0] as string);
    return forEver();
  },
  async exits({ request }) {
    process.exit(request.args[0] as number);
  },
  async leavesAnErrorUncaught() {
    setImmediate(() => {
      throw new RangeError("nobody caught me");
    });
    return forEver();
  },
  async leavesARejection() {
    void Promise.reject(new RangeError("nobody handled me"));
    return forEver();
  },
  async disconnects() {
    process.disconnect!();
    return forEver();
  },
  async spins(context) {
    await context.updateState("BEGUN", process.pid);
    for (;;);
  },
  async fillsItsHeap() {
    const list: unknown[] = [];
    for (;;) list.push(new Array(1000).fill({ ...getHeapStatistics() }));
  },
  async grows({ request }) {
    kept.push(Buffer.alloc((request.args[0] as number) << 20, 1));
    return process.pid;
  },
  async prints() {
    process.stdout.write("to stdout, ");
    process.stdout.write("one line\nand an end without a newline");
    process.stderr.write(`to stderr: ${"x".repeat(20_000)}\n`);
    process.exit(0);
  },
  async startsAProcess(context) {
    const child = spawn("sleep", ["1000"]);
    await context.updateState("BEGUN", child.pid);
    return forEver();
  },
  async dropsACall(context) {
    void context.send("gate", "nobody waits for it");
    const late = async () => {
      await context.updateState("TOO LATE", null);
      context.log.warn("a line that comes too late");
      await context.send("elsewhere", "another").catch((error) => context.log.warn(error.code));
    };
    setTimeout(() => void late(), 0);
    return "returned";
  },
  circle: async () => {
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    return circle;
  },
  map: async () => new Map([[1, 2]]),
  looksLikeAPythonType: async () => ({ __type__: "spaceship", __value__: 1 }),
};

export default { tasks: Object.entries(tasks).map(([name, run]): Task => ({ name, run })) };
