import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseLost, MemoryBrokerHub, memoryBroker } from "../../src/index.ts";
import { gate, soon, startWorld } from "./world.ts";

test("a task longer than its lease keeps it, and all leases are renewed in one call", async (t) => {
  const world = await startWorld(t, { broker: memoryBroker({ hub: new MemoryBrokerHub(), lease: 600 }) });
  const slow = gate("slow");
  const renewed = Promise.withResolvers<void>();
  const renew = world.broker.renew.bind(world.broker);
  const calls: number[] = [];
  t.mock.method(world.broker, "renew", async (tags: string[]) => {
    calls.push(tags.length);
    if (calls.length === 8) renewed.resolve();
    return renew(tags);
  });
  const worker = await world.work([slow.task], { concurrency: 3 });
  const ids = [await world.send("slow"), await world.send("slow"), await world.send("slow")];
  await slow.untilBegun(3);
  await soon(renewed.promise);
  slow.open();
  for (const id of ids) await world.ended(id);
  await worker.stop();
  assert.equal(calls.at(-1), 3);
  assert.deepEqual([slow.begun.length, worker.facts().counts.leaseLost], [3, 0]);
  await world.expectBroker({});
});

test("LOST aborts the task's leaseLost and never its signal; its acknowledgement is told as a duplicate", async (t) => {
  const world = await startWorld(t, { broker: memoryBroker({ hub: new MemoryBrokerHub(), lease: 600 }) });
  const seen = Promise.withResolvers<unknown[]>();
  const worker = await world.work([
    {
      name: "long",
      run: ({ leaseLost, signal }) =>
        new Promise((resolve) => {
          leaseLost.addEventListener("abort", () => {
            seen.resolve([leaseLost.reason instanceof LeaseLost, leaseLost.reason.how, signal.aborted]);
            resolve("finished nevertheless");
          });
        }),
    },
  ]);
  t.mock.method(world.broker, "renew", async (tags: string[]) => new Map(tags.map((tag) => [tag, "LOST"])));
  t.mock.method(world.broker, "acknowledge", async () => "LOST");
  const id = await world.send("long");
  assert.deepEqual(await soon(seen.promise), [true, "answered", false]);
  assert.deepEqual(await world.ended(id), { status: "SUCCESS", result: "finished nevertheless" });
  assert.equal((await worker.events.until("task:duplicate")).id, id);
  assert.equal((await worker.events.until("lease:lost")).how, "answered");
});

test("a lease that cannot be renewed is lost by the clock, without the broker's answer", async (t) => {
  const world = await startWorld(t, { broker: memoryBroker({ hub: new MemoryBrokerHub(), lease: 600 }) });
  const slow = gate("slow");
  t.mock.method(world.broker, "renew", () => new Promise(() => {}));
  const worker = await world.work([slow.task]);
  await world.send("slow");
  assert.equal((await worker.events.until("lease:lost")).how, "clock");
  slow.open();
});

test("a task that gives up because its lease is lost leaves no result", async (t) => {
  const world = await startWorld(t, { broker: memoryBroker({ hub: new MemoryBrokerHub(), lease: 600 }) });
  t.mock.method(world.broker, "renew", async (tags: string[]) => new Map(tags.map((tag) => [tag, "LOST"])));
  let runs = 0;
  const worker = await world.work([
    {
      name: "careful",
      run: ({ leaseLost }) =>
        new Promise((_resolve, reject) => {
          runs++;
          leaseLost.addEventListener("abort", () => reject(leaseLost.reason));
        }),
    },
  ]);
  const id = await world.send("careful");
  await worker.events.until("lease:lost");
  await worker.stop();
  assert.equal((await world.results.get(id))?.status, "STARTED");
  assert.deepEqual([worker.facts().counts.failed, worker.facts().counts.duplicate], [0, 0]);
  assert.ok(runs >= 1);
});

test("a worker that finds its own lost message again does not run it beside itself", async (t) => {
  const world = await startWorld(t, { broker: memoryBroker({ hub: new MemoryBrokerHub(), lease: 600 }) });
  const slow = gate("slow");
  const renew = world.broker.renew.bind(world.broker);
  let cut = true;
  t.mock.method(world.broker, "renew", async (tags: string[]) => {
    if (cut) throw new Error("cut off");
    return renew(tags);
  });
  const pops: (string | undefined)[] = [];
  const again = Promise.withResolvers<void>();
  const pop = world.broker.pop.bind(world.broker);
  t.mock.method(world.broker, "pop", async (...asked: Parameters<typeof pop>) => {
    const deliveries = await pop(...asked);
    pops.push(...deliveries.map(({ tag }) => tag));
    if (pops.length === 2) {
      cut = false;
      again.resolve();
    }
    return deliveries;
  });
  const worker = await world.work([slow.task], { concurrency: 2 });
  const id = await world.send("slow");
  await soon(again.promise);
  assert.equal(pops[0], pops[1]);
  await worker.events.until("poll", () => worker.facts().leasesHeld === 1);
  slow.open();
  await world.ended(id);
  await worker.stop();
  assert.deepEqual(slow.begun, [id]);
  await world.expectBroker({});
});
