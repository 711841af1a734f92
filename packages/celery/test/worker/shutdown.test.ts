import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { MemoryBrokerHub, memoryBroker, WorkerShutdown } from "../../src/index.ts";
import { gate, queue, soon, startWorld } from "./world.ts";

test("stop lets running tasks end, and takes nothing new meanwhile", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task], { concurrency: 2 });
  const ids = [await world.send("slow"), await world.send("slow")];
  await slow.untilBegun(2);
  const stopped = worker.stop({ grace: 60_000 });
  assert.deepEqual([worker.facts().draining, worker.facts().consuming], [true, false]);
  const late = await world.send("slow");
  slow.open();
  await stopped;
  assert.deepEqual(slow.begun, ids);
  assert.equal(await world.results.get(late), undefined);
  assert.equal(worker.facts().state, "stopped");
  await world.expectBroker({ waiting: 1 });
});

test("a task that ends just after the stop lets nothing begin that was waiting for its slot", async (t) => {
  const broker = memoryBroker({ hub: new MemoryBrokerHub() });
  const [withdrawing, withdrawn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  t.mock.method(broker, "withdraw", () => {
    withdrawing.resolve();
    return withdrawn.promise;
  });
  const world = await startWorld(t, { broker });
  const slow = gate("slow");
  const worker = await world.work([slow.task], { prefetchMultiplier: 2 });
  const ids = [await world.send("slow"), await world.send("slow")];
  await slow.untilBegun(1);
  while ((await world.broker.inspect(queue)).unacked.count < 2) await new Promise((resolve) => setImmediate(resolve));

  const stopped = worker.stop({ grace: 60_000 });
  await soon(withdrawing.promise);
  slow.open();
  await world.ended(ids[0]!);
  withdrawn.resolve();
  await soon(stopped);
  assert.deepEqual(slow.begun, [ids[0]]);
  await world.expectBroker({ waiting: 1 });
});

test("when the grace is over, tasks are told to stop and their messages lie at the head again, in their old order", async (t) => {
  const world = await startWorld(t);
  const reasons: unknown[] = [];
  const stuck = gate("stuck", (context) => {
    reasons.push(context.signal.reason);
    throw context.signal.reason;
  });
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push(await world.send("stuck", n));
  const lines: string[] = [];
  const worker = await world.work([stuck.task], {
    concurrency: 3,
    log: pino({ level: "warn" }, { write: (line) => void lines.push(line) }),
  });
  await stuck.untilBegun(3);
  await worker.stop({ grace: 0 });
  assert.deepEqual(lines, [], "tasks that end when they are told to are no reason to warn");
  assert.ok(reasons.length === 3 && reasons.every((reason) => reason instanceof WorkerShutdown));
  await world.expectBroker({ waiting: 5 });
  assert.equal(worker.facts().counts.requeued, 3);

  const order: unknown[] = [];
  await world.work([{ name: "stuck", run: async ({ request }) => order.push([request.id, request.redelivered]) }]);
  for (const id of ids) await world.ended(id);
  assert.deepEqual(
    order,
    ids.map((id, n) => [id, n < 3]),
  );
});

test("a task that ends although it was told to stop has its result stored", async (t) => {
  const world = await startWorld(t);
  const stubborn = gate("stubborn", () => "finished after all");
  const worker = await world.work([stubborn.task]);
  const id = await world.send("stubborn");
  await stubborn.untilBegun(1);
  await worker.stop({ grace: 0 });
  assert.deepEqual(await world.ended(id), { status: "SUCCESS", result: "finished after all" });
  await world.expectBroker({});
});

test("a task that does not listen loses its message at last, and what it brings later counts for nothing", async (t) => {
  const world = await startWorld(t);
  const deaf = gate("deaf", () => new Promise(() => {}));
  const worker = await world.work([deaf.task], { abortGrace: 100 });
  const id = await world.send("deaf");
  await deaf.untilBegun(1);
  await worker.stop({ grace: 0 });
  await world.expectBroker({ waiting: 1 });
  const stored = t.mock.method(world.results, "store");
  deaf.open();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stored.mock.callCount(), 0);
  assert.equal((await world.results.get(id))?.status, "STARTED");
});

test("a second stop with a shorter grace shortens the first", async (t) => {
  const world = await startWorld(t);
  const stuck = gate("stuck");
  const worker = await world.work([stuck.task]);
  await world.send("stuck");
  await stuck.untilBegun(1);
  const first = worker.stop({ grace: 3_600_000 });
  await worker.stop({ grace: 0 });
  await first;
  await world.expectBroker({ waiting: 1 });
});

test("messages that wait for their eta go back at once, although a task still runs", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task]);
  await world.client.send(queue, "slow", { countdown: 3600 });
  await worker.events.until("task:received");
  await world.send("slow");
  await slow.untilBegun(1);
  const stopped = worker.stop({ grace: 60_000 });
  await worker.events.until("task:requeued");
  await world.expectBroker({ waiting: 1, unacked: 1 });
  slow.open();
  await stopped;
  await world.expectBroker({ waiting: 1 });
});

test("a message that is just being popped when the worker stops goes back, too", async (t) => {
  const world = await startWorld(t);
  const popping = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const pop = world.broker.pop.bind(world.broker);
  t.mock.method(world.broker, "pop", async (...args: Parameters<typeof pop>) => {
    const deliveries = await pop(...args);
    if (deliveries.length > 0) {
      popping.resolve();
      await answered.promise;
    }
    return deliveries;
  });
  let runs = 0;
  const worker = await world.work([{ name: "late", run: async () => ++runs }]);
  await world.send("late");
  await soon(popping.promise);
  const stopped = worker.stop({ grace: 60_000 });
  answered.resolve();
  await soon(stopped);
  assert.equal(runs, 0);
  await world.expectBroker({ waiting: 1 });
});

test("a worker whose broker is away stops nevertheless, and leaves its messages to the end of their leases", async (t) => {
  const hub = new MemoryBrokerHub();
  const world = await startWorld(t, { broker: memoryBroker({ hub, lease: 600 }) });
  const stuck = gate("stuck");
  const worker = await world.work([stuck.task]);
  await world.send("stuck");
  await stuck.untilBegun(1);
  for (const method of ["requeue", "renew", "pop", "withdraw"] as const) {
    t.mock.method(world.broker, method, async () => {
      throw new Error("the broker is away");
    });
  }
  await soon(worker.stop({ grace: 0 }));
  assert.equal(worker.facts().state, "stopped");
  await world.expectBroker({ unacked: 1 });
});

test("a worker that never started stops at once, and none starts twice", async (t) => {
  const world = await startWorld(t);
  const worker = await world.work([]);
  await assert.rejects(worker.start(), /started before/);
  await worker.stop();
  await worker.stop();
  await assert.rejects(worker.start(), /started before/);
});
