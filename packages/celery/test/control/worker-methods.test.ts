import assert from "node:assert/strict";
import { test } from "node:test";
import { hearEvents, node, plain, startControlWorld } from "./control-world.ts";

test("the pool grows and shrinks, never below one slot nor beyond all measure", async (t) => {
  const { control, inside } = await startControlWorld(t);
  assert.deepEqual(plain(await control.poolGrow()), { [node]: { ok: "pool will grow" } });
  assert.deepEqual(plain(await control.poolGrow(5)), { [node]: { ok: "pool will grow" } });
  assert.deepEqual(plain(await control.poolShrink(7)), { [node]: { ok: "pool will shrink" } });
  assert.deepEqual(inside.done, [
    ["resizePool", 3],
    ["resizePool", 8],
    ["resizePool", 1],
  ]);
  const refused = [await control.poolShrink(1), await control.poolGrow(1e6), await control.poolGrow(0.5)];
  assert.deepEqual(
    refused.map((reply) => Object.keys(reply[node]!)),
    [["error"], ["error"], ["error"]],
  );
  assert.equal(inside.done.length, 3);
});

test("what this worker does not have is answered as Python answers where it is off", async (t) => {
  const { control } = await startControlWorld(t);
  assert.deepEqual(plain(await control.poolRestart()), {
    [node]: { error: "ValueError('Pool restarts not enabled')" },
  });
  assert.deepEqual(plain(await control.autoscale(4, 1)), { [node]: { error: "ValueError('Autoscale not enabled')" } });
});

test("queues are added, with all that names them, and cancelled", async (t) => {
  const { control, inside } = await startControlWorld(t);
  assert.deepEqual(plain(await control.addConsumer("night")), { [node]: { ok: "add consumer night" } });
  const topic = { exchange: "sky", exchangeType: "topic", routingKey: "sky.#" } as const;
  assert.deepEqual(plain(await control.addConsumer("all_sky", topic)), { [node]: { ok: "add consumer all_sky" } });
  for (const queue of ["deep_sky", "never_consumed"]) {
    assert.deepEqual(plain(await control.cancelConsumer(queue)), {
      [node]: { ok: `no longer consuming from ${queue}` },
    });
  }
  assert.deepEqual(inside.done, [
    ["addConsumer", { name: "night", exchange: "night", exchangeType: "direct", routingKey: "night" }],
    ["addConsumer", { name: "all_sky", exchange: "sky", exchangeType: "topic", routingKey: "sky.#" }],
    ["cancelConsumer", "deep_sky"],
    ["cancelConsumer", "never_consumed"],
  ]);
  const headers = await control.broadcast("add_consumer", { queue: "q", exchange_type: "headers" });
  assert.match(JSON.stringify(headers[node]), /error.*headers/);
});

test("a queue that cannot be added is answered with why", async (t) => {
  const world = await startControlWorld(t);
  world.inside.addConsumer = () => Promise.reject(new Error("the broker is away"));
  const { [node]: answer } = await world.control.addConsumer("night");
  assert.deepEqual(plain(answer), { error: "Error('the broker is away')" });
});

test("active_queues describes each queue with every field that kombu has for it", async (t) => {
  const { control } = await startControlWorld(t);
  const { [node]: queues } = await control.inspect.activeQueues();
  assert.partialDeepStrictEqual(plain(queues), [
    {
      name: "deep_sky",
      exchange: { name: "deep_sky", type: "direct", durable: true, auto_delete: false, arguments: null },
      routing_key: "deep_sky",
      durable: true,
      exclusive: false,
      bindings: [],
      max_priority: null,
    },
  ]);
});

test("task events are switched on and off, and each answer says whether they were before", async (t) => {
  const { control, events, broker } = await startControlWorld(t);
  const heard = await hearEvents(broker);
  events.sendTaskEvent("task-started", { uuid: "unheard" });
  assert.deepEqual(plain(await control.enableEvents()), { [node]: { ok: "task events enabled" } });
  assert.deepEqual(plain(await control.enableEvents()), { [node]: { ok: "task events already enabled" } });
  events.sendTaskEvent("task-started", { uuid: "heard" });
  await events.flush();
  assert.deepEqual(plain(await control.disableEvents()), { [node]: { ok: "task events disabled" } });
  assert.deepEqual(plain(await control.disableEvents()), { [node]: { ok: "task events already disabled" } });
  events.sendTaskEvent("task-started", { uuid: "unheard too" });
  await events.flush();
  assert.deepEqual(
    heard.map(({ uuid }) => uuid),
    ["heard"],
  );
});

test("a shutdown begins, and is not replied to", async (t) => {
  const { control, inside } = await startControlWorld(t);
  assert.deepEqual(plain(await control.broadcast("shutdown", {}, { timeout: 200 })), {});
  assert.deepEqual(inside.done, [["shutdown"]]);
});
