import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Task, WorkerOptions } from "../../src/index.ts";
import { processPool } from "../../src/worker/pool/process.ts";
import { queue, soon, startWorld } from "../worker/world.ts";
import processApp from "./process-app.ts";
import { untilGone } from "./processes.ts";

const app = new URL("process-app.ts", import.meta.url);

test("a task whose process is killed with -9 is a failure that says so, and the worker goes on", async (t) => {
  const world = await withProcesses(t);
  const id = await world.send("signalsItself", "SIGKILL");
  const { status, result } = await world.ended(id);
  const { exc_type, exc_message } = result as { exc_type: string; exc_message: string[] };
  assert.deepEqual([status, exc_type], ["FAILURE", "WorkerLostError"]);
  assert.match(exc_message[0]!, /^process \d+, which ran the task, was ended by SIGKILL$/);
  assert.equal((await world.ended(await world.send("pid"))).status, "SUCCESS");
  await world.expectBrokerSoon({});
});

test("a task that shall be run again when its process dies is, until it has killed too many", async (t) => {
  const world = await withProcesses(t, { maxDeaths: 2 }, { rejectOnWorkerLost: true });
  const id = await world.send("signalsItself", "SIGKILL");
  assert.equal((await world.ended(id)).status, "FAILURE");
  assert.equal(world.worker.events.all("task:started").length, 3);
  await world.expectBrokerSoon({ deadLetters: ["poison"] });
});

test("a hard limit in the message ends a task that computes without a pause", async (t) => {
  const world = await withProcesses(t);
  const id = await world.client.send(queue, "spins", { timeLimit: 0.3 });
  const { status, result } = await world.ended(id);
  assert.deepEqual([status, (result as { exc_type: string }).exc_type], ["FAILURE", "TimeLimitExceeded"]);
  assert.equal((await world.ended(await world.send("pid"))).status, "SUCCESS");
});

test("a worker that must stop while a task computes ends its process, and the message is back", async (t) => {
  const world = await withProcesses(t, { abortGrace: 100 });
  await world.send("spins");
  await world.worker.events.until("task:started");
  const pids = world.worker.facts().pool.processes;
  await soon(world.worker.stop({ grace: 0 }));
  await untilGone(...pids);
  await world.expectBroker({ waiting: 1 });
});

async function withProcesses(t: TestContext, options: Partial<WorkerOptions> = {}, taskOptions: Partial<Task> = {}) {
  const world = await startWorld(t);
  const tasks = processApp.tasks.map((task) => ({ ...task, ...taskOptions }));
  const worker = await world.work(tasks, { pool: processPool({ app, concurrency: 1 }), ...options });
  return { ...world, worker };
}
