import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorker } from "../../src/index.ts";
import { Consumer } from "../../src/worker/consumer.ts";
import { HeldMessages } from "../../src/worker/held.ts";
import { QueueCycle } from "../../src/worker/queue-cycle.ts";
import { gate, queue, startWorld } from "./world.ts";

test("no more messages are taken than can run at once; the rest stays with the broker", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task], { concurrency: 2 });
  const ids = [];
  for (let n = 0; n < 6; n++) ids.push(await world.send("slow"));
  await slow.untilBegun(2);
  await world.expectBroker({ waiting: 4, unacked: 2 });
  const facts = worker.facts();
  assert.deepEqual(
    [facts.running.map(({ id, name, queue }) => [id, name, queue]), facts.leasesHeld],
    [ids.slice(0, 2).map((id) => [id, "slow", queue]), 2],
  );
  slow.open();
  for (const id of ids) await world.ended(id);
  await worker.stop();
  assert.deepEqual(slow.begun, ids);
  assert.equal(worker.facts().counts.succeeded, 6);
});

test("a listener that throws or rejects does not disturb the work", async (t) => {
  const world = await startWorld(t);
  const fail = () => {
    throw new Error("a listener's own trouble");
  };
  const reject = async () => fail();
  await world.work([{ name: "calm", run: async () => "calm" }], {
    hooks: {
      poll: fail,
      "task:received": fail,
      "task:started": reject,
      "task:succeeded": fail,
    },
  });
  for (const id of [await world.send("calm"), await world.send("calm")]) {
    assert.deepEqual(await world.ended(id), { status: "SUCCESS", result: "calm" });
  }
});

test("what the broker throws makes the loop back off and go on", async (t) => {
  const world = await startWorld(t);
  const pop = world.broker.pop.bind(world.broker);
  let failures = 0;
  t.mock.method(world.broker, "pop", async (...args: Parameters<typeof pop>) => {
    if (failures++ < 3) throw new Error("connection is gone");
    return pop(...args);
  });
  const worker = await world.work([{ name: "calm", run: async () => "calm" }]);
  assert.equal((await world.ended(await world.send("calm"))).status, "SUCCESS");
  assert.equal(worker.facts().consuming, true);
});

test("an acknowledgement that fails is tried again until it succeeds", async (t) => {
  const world = await startWorld(t);
  const acknowledge = world.broker.acknowledge.bind(world.broker);
  let failures = 0;
  t.mock.method(world.broker, "acknowledge", async (tag: string) => {
    if (failures++ < 2) throw new Error("connection is gone");
    return acknowledge(tag);
  });
  let runs = 0;
  const worker = await world.work([{ name: "once", run: async () => ++runs }]);
  await world.ended(await world.send("once"));
  await worker.stop();
  assert.deepEqual([runs, failures], [1, 3]);
  await world.expectBroker({});
});

test("a message is not acknowledged before its result could be stored", async (t) => {
  const world = await startWorld(t);
  const store = world.results.store.bind(world.results);
  const acknowledged = t.mock.method(world.broker, "acknowledge");
  let failures = 0;
  t.mock.method(world.results, "store", async (meta: Parameters<typeof store>[0]) => {
    if (meta.status === "SUCCESS" && failures++ < 2) {
      assert.equal(acknowledged.mock.callCount(), 0);
      throw new Error("the result store is away");
    }
    return store(meta);
  });
  const worker = await world.work([{ name: "once", run: async () => "value" }]);
  assert.deepEqual(await world.ended(await world.send("once")), { status: "SUCCESS", result: "value" });
  await worker.stop();
  assert.equal(acknowledged.mock.callCount(), 1);
});

test("queues take turns", async (t) => {
  const world = await startWorld(t);
  const order: unknown[] = [];
  for (const name of ["a", "a", "a", "b"]) await world.client.send(name, "note", { args: [name] });
  const worker = await world.work([{ name: "note", run: async ({ request }) => order.push(request.queue) }], {
    queues: ["a", "b"],
  });
  await worker.events.until("task:succeeded", () => worker.facts().counts.succeeded === 4);
  assert.deepEqual(order, ["a", "b", "a", "a"]);
});

test("a task waits for its eta without keeping others from running", async (t) => {
  const world = await startWorld(t);
  const order: unknown[] = [];
  const worker = await world.work([{ name: "note", run: async ({ request }) => order.push(request.args[0]) }]);
  const later = await world.client.send(queue, "note", { args: ["later"], countdown: 1.5 });
  await worker.events.until("task:received");
  assert.equal(worker.facts().scheduled, 1);
  await world.ended(await world.send("note", "now"));
  await world.ended(later);
  assert.deepEqual(order, ["now", "later"]);
});

test("the record of health says when the loop last turned, also while all slots are busy", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const fresh = createWorker({ broker: world.broker, results: world.results, queues: [queue], tasks: [] });
  assert.equal(fresh.facts().secondsSinceLastPoll, undefined);
  assert.deepEqual([fresh.facts().state, fresh.facts().consuming], ["new", false]);
  const worker = await world.work([slow.task]);
  await world.send("slow");
  await slow.untilBegun(1);
  const facts = worker.facts();
  assert.ok(facts.secondsSinceLastPoll! < 20);
  assert.deepEqual([facts.brokerConnected, facts.consuming, facts.draining], [true, true, false]);
  slow.open();
});

test("the loop of a consumer refuses to run twice", async (t) => {
  const { broker } = await startWorld(t);
  const unused = undefined as never;
  const slots = { room: 0, accept: unused, msUntilDue: () => 60_000, startDue: () => {} };
  const parts = { slots, emit: () => {}, log: unused, held: new HeldMessages(1000), queues: new QueueCycle([queue]) };
  const consumer = new Consumer({ broker, ...parts });
  const loop = consumer.run();
  await assert.rejects(consumer.run(), /cannot run twice/);
  consumer.stop();
  await loop;
});

test("options that cannot work are refused", async (t) => {
  const { broker, results } = await startWorld(t);
  const task = { name: "a", run: async () => null };
  assert.throws(() => createWorker({ broker, results, queues: [], tasks: [] }), /at least one queue/);
  assert.throws(() => createWorker({ broker, results, queues: [queue], tasks: [], concurrency: 0 }), /concurrency/);
  assert.throws(() => createWorker({ broker, results, queues: [queue], tasks: [task, task] }), /two tasks/);
  assert.throws(() => createWorker({ broker, results, queues: [queue], tasks: [], accept: ["pickle"] }), /pickle/);
});
