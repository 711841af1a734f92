import assert from "node:assert/strict";
import { test } from "node:test";
import { gate, startWorld } from "./world.ts";

test("four messages are held for each slot, and those that have not begun go back when the worker stops", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task], { concurrency: 2, prefetchMultiplier: 4 });
  const ids = [];
  for (let n = 0; n < 12; n++) ids.push(await world.send("slow"));
  await slow.untilBegun(2);
  await worker.events.until("task:received", () => worker.facts().counts.received === 8);
  await world.expectBroker({ waiting: 4, unacked: 8 });
  assert.equal(worker.facts().reserved, 6);
  const stopped = worker.stop({ grace: 60_000 });
  await worker.events.until("task:requeued", () => worker.facts().counts.requeued === 6);
  await world.expectBroker({ waiting: 10, unacked: 2 });
  slow.open();
  await stopped;

  const order: string[] = [];
  await world.work([{ name: "slow", run: async ({ request }) => order.push(request.id) }]);
  for (const id of ids) await world.ended(id);
  assert.deepEqual(order, ids.slice(2), "in their old order");
});

test("a multiplier of 0 takes what there is", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task], { prefetchMultiplier: 0 });
  for (let n = 0; n < 120; n++) await world.send("slow");
  await worker.events.until("task:received", () => worker.facts().counts.received === 120);
  await world.expectBroker({ unacked: 120 });
  slow.open();
});

for (const [strategy, expected] of [
  ["round_robin", ["b", "a", "c", "b", "a", "c"]],
  ["sorted", ["a", "a", "b", "b", "c", "c"]],
  ["priority", ["b", "b", "a", "a", "c", "c"]],
] as const) {
  test(`queues are served by the strategy ${strategy}`, async (t) => {
    const world = await startWorld(t);
    const order: unknown[] = [];
    for (const name of ["a", "b", "c", "a", "b", "c"]) await world.client.send(name, "note");
    const worker = await world.work([{ name: "note", run: async ({ request }) => order.push(request.queue) }], {
      queues: ["b", "a", "c"],
      queueOrderStrategy: strategy,
    });
    await worker.events.until("task:succeeded", () => worker.facts().counts.succeeded === 6);
    assert.deepEqual(order, expected);
  });
}
