import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { CeleryError, createControl, redisBroker, redisResults, signature, Unroutable } from "../../src/index.ts";
import { HeldMessages, monotonic } from "../../src/worker/held.ts";
import { persistence } from "../../src/worker/settle.ts";
import { queue, startWorld } from "./world.ts";

const skip = without("redis-server");

test("a callback for a queue that cannot be makes the task a failure that says so, and holds up nothing", {
  skip,
}, async (t) => {
  const { world } = await onRedis(t);
  const worker = await world.work([{ name: "add", run: async () => 3 }]);
  for (const taken of ["unacked", "cdt:parked", "_kombu.binding.celery", "a-string"]) {
    const id = await world.client.send(queue, "add", { link: [signature("add", [], { queue: taken })] });
    const { status, result } = await world.ended(id);
    assert.deepEqual([status, (result as { exc_type: string }).exc_type], ["FAILURE", "RedisError"], taken);
  }
  assert.equal(worker.facts().counts.succeeded, 0);
  await world.expectBrokerSoon({});
});

test("what lies in the place of a result by mistake gives way to it", { skip }, async (t) => {
  const { world, redis } = await onRedis(t);
  await redis.cli("LPUSH", "celery-task-meta-mine", "a message for a queue of that name");
  await world.work([{ name: "add", run: async () => 3 }]);
  await world.client.send(queue, "add", { id: "mine" });
  await world.expectBrokerSoon({});
  assert.deepEqual(await world.ended("mine"), { status: "SUCCESS", result: 3 });
});

test("a task whose chord's keys hold something else is put aside once it has run", { skip }, async (t) => {
  const { world, redis } = await onRedis(t);
  await redis.cli("SET", "celery-taskset-meta-g.j", "a group of that name");
  await world.work([{ name: "add", run: async () => 3 }]);
  const chord = { ...signature("add") };
  const member = signature("add", [], { groupId: "g", groupIndex: 0 });
  const { id } = await world.client.apply({ ...member, options: { ...member.options, chord, queue } });
  assert.equal((await world.ended(id)).status, "SUCCESS");
  await world.expectBrokerSoon({ deadLetters: ["unsettled"] });
});

test("remote control cannot make a worker consume what is no queue", { skip }, async (t) => {
  const { world } = await onRedis(t);
  const worker = await world.work([{ name: "add", run: async () => 3 }], { name: "celery@ours" });
  const control = createControl({ broker: world.broker });
  for (const taken of ["unacked", "cdt:dead-letters", "a-string"]) {
    const replies = await control.addConsumer(taken, {}, { destination: ["celery@ours"], timeout: 30_000 });
    assert.match(JSON.stringify(replies["celery@ours"]), /there cannot be a queue/, taken);
  }
  assert.deepEqual(worker.facts().queues, [queue]);
  assert.equal((await world.ended(await world.send("add"))).result, 3);
  await world.expectBrokerSoon({});
});

test("what leads to no queue is tried again for a while, since a binding may come back", async () => {
  const held = new HeldMessages(60_000);
  const message = held.add(
    { tag: "t", queue, raw: "", envelope: undefined, redelivered: false, deaths: 0 },
    monotonic(),
  );
  const log = pino({ level: "silent" });
  const { insist } = persistence(held, log, new AbortController().signal, { bindingPatience: 500 });
  let tries = 0;
  const comesBack = async () => {
    if (++tries < 3) throw new Unroutable("sky", "m31");
  };
  assert.equal(await insist(message, "sending", comesBack), true);
  const never = async () => {
    throw new Unroutable("sky", "m31");
  };
  await assert.rejects(insist(message, "sending", never), (error: unknown) => error instanceof CeleryError);
});

async function onRedis(t: TestContext) {
  const redis = await startRedis(t);
  const server = { host: redis.host, port: redis.port };
  await redis.cli("SET", "a-string", "x");
  return { redis, world: await startWorld(t, { broker: redisBroker(server), results: redisResults(server) }) };
}
