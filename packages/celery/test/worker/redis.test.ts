import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker, redisResults } from "../../src/index.ts";
import { startChild } from "./child.ts";
import { gate, queue, startWorld } from "./world.ts";

const skip = without("redis-server");

test("cut connections: a running task goes on and is acknowledged, and the next message is taken", {
  skip,
}, async (t) => {
  const { redis, world } = await startRedisWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task]);
  const first = await world.send("slow");
  await slow.untilBegun(1);
  const back = worker.events.until("broker:connected");
  await redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  slow.open();
  assert.equal((await world.ended(first)).status, "SUCCESS");
  await back;
  assert.equal((await world.ended(await sendPatiently(() => world.send("slow")))).status, "SUCCESS");
  await worker.stop();
  assert.equal(slow.begun.length, 2);
  await world.expectBroker({});
});

test("a restarted Redis has forgotten scripts and bindings: both are there again, and work goes on", {
  skip,
}, async (t) => {
  const { redis, world } = await startRedisWorld(t);
  const worker = await world.work([{ name: "quick", run: async () => "quick" }]);
  assert.equal((await world.ended(await world.send("quick"))).status, "SUCCESS");
  const back = worker.events.until("broker:connected");
  await redis.restart();
  await back;
  assert.equal((await world.ended(await sendPatiently(() => world.send("quick")))).status, "SUCCESS");
  assert.equal((await world.broker.inspect(queue)).bound, true);
  const facts = worker.facts();
  assert.deepEqual([facts.consuming, facts.brokerConnected], [true, true]);
});

test("a task that ends while Redis is away is settled when Redis is back", { skip }, async (t) => {
  const { redis, world } = await startRedisWorld(t);
  const slow = gate("slow");
  const worker = await world.work([slow.task]);
  const id = await world.send("slow");
  await slow.untilBegun(1);
  const gone = worker.events.until("broker:disconnected");
  await redis.stop();
  await gone;
  assert.equal(worker.facts().brokerConnected, false);
  slow.open();
  await redis.restart();
  assert.equal((await world.ended(id)).status, "SUCCESS");
  await worker.stop();
  assert.equal(slow.begun.length, 1);
  await world.expectBroker({});
});

test("kill -9 in the middle of a task: another worker runs it within two leases", { skip }, async (t) => {
  const lease = 2_000;
  const { redis, world } = await startRedisWorld(t, lease);
  const victim = await startChild(t, redis.port, queue, lease);
  const id = await world.send("held");
  await victim.says("running");
  victim.signal("SIGKILL");
  const killedAt = performance.now();
  await victim.exited;
  const worker = await world.work([{ name: "held", run: async ({ request }) => request.redelivered }]);
  assert.deepEqual(await world.ended(id), { status: "SUCCESS", result: true });
  const seconds = (performance.now() - killedAt) / 1000;
  t.diagnostic(`run by another worker ${seconds.toFixed(2)} s after the kill, with a lease of ${lease / 1000} s`);
  assert.ok(seconds < (2 * lease) / 1000, `took ${seconds} s`);
  await worker.stop();
  await world.expectBroker({});
});

/** Data outlives a restart of this Redis. */
async function startRedisWorld(
  t: TestContext,
  lease = 60_000,
): Promise<{ redis: TestRedis; world: Awaited<ReturnType<typeof startWorld>> }> {
  const redis = await startRedis(t, { appendonly: true });
  const server = { host: redis.host, port: redis.port };
  const world = await startWorld(t, { broker: redisBroker({ ...server, lease }), results: redisResults(server) });
  return { redis, world };
}

/** A sender fails fast while Redis is away; this one asks until it is heard, for at most 20 s. */
async function sendPatiently(send: () => Promise<string>): Promise<string> {
  for (const deadline = Date.now() + 20_000; ; ) {
    try {
      return await send();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
