/**
 * The program of a child process: loads the application, says that it is ready, and runs one task after the other, as the pool
 * sends them. It ends with the channel to the pool, that is when the pool lets it go or has died.
 */

import type { TaskRequest } from "../../task.ts";
import type { TaskLookup } from "../../task-names.ts";
import { pack } from "../crossing.ts";
import type { FromChild, ToChild } from "../protocol.ts";
import { packThrown } from "../thrown.ts";
import { openChannel } from "./channel.ts";
import { ChildTask } from "./child-task.ts";
import { loadTasks } from "./load-tasks.ts";
import { RemoteCalls } from "./remote-calls.ts";
import { TaskNotInApp } from "./task-not-in-app.ts";

process.title = "celery-node child";
// Whoever stops the whole group, or control group, means the worker: it decides what becomes of its tasks. USR1 would open
// Node's debugger.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const) process.on(signal, () => {});

const channel = openChannel();
const calls = new RemoteCalls(channel);
let find: TaskLookup = () => undefined;
let tellMemory = false;
let current: ChildTask | undefined;

process.on("uncaughtExceptionMonitor", (error) => channel.tell({ type: "dying", error: packThrown(error) }));
channel.listen((message) => {
  if (message.type === "load") void load(message);
  else if (message.type === "run") void run(message);
  else if (message.type !== "abort") calls.hear(message);
  else if (message.run === current?.run) current.abort(message.signal, message.reason);
});

async function load({ app, exportName, ...wishes }: ToChild & { type: "load" }): Promise<void> {
  tellMemory = wishes.tellMemory;
  try {
    find = await loadTasks(app, exportName);
    channel.tell({ type: "ready" });
  } catch (error) {
    channel.tell({ type: "broken", error: packThrown(error) });
  }
}

async function run(message: ToChild & { type: "run" }): Promise<void> {
  const end = await endOf(message);
  channel.tell({ ...end, run: message.run, memory: tellMemory ? process.memoryUsage.rss() >> 10 : undefined });
}

async function endOf(message: ToChild & { type: "run" }): Promise<End> {
  try {
    current = new ChildTask(message, channel, calls);
    const { context } = current;
    return { type: "returned", value: pack(await taskOf(context.request).run(context)) };
  } catch (error) {
    return { type: "threw", error: packThrown(error) };
  } finally {
    current?.end();
    current = undefined;
  }
}

type End =
  | Omit<FromChild & { type: "returned" }, "run" | "memory">
  | Omit<FromChild & { type: "threw" }, "run" | "memory">;

function taskOf(request: TaskRequest) {
  const task = find(request);
  if (!task) throw new TaskNotInApp(request.name);
  return task;
}
