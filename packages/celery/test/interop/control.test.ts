import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type RedisOptions, startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker, redisResults } from "../../src/index.ts";
import { gate, queue, startWorld } from "../worker/world.ts";
import { ask, celery } from "./celery-program.ts";

const skip = without("redis-server", "python3-celery", "openssl");
const node = "celery@ours";

test("celery inspect shows what our worker does", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const held = gate("hold");
  const ours = await world.work([held.task, { name: "add", rateLimit: "5/m", run: async () => 42 }], {
    name: node,
    concurrency: 1,
    prefetchMultiplier: 4,
  });
  const active = await world.send("hold", "m31", 7);
  await held.untilBegun(1);
  const reserved = await world.send("hold");
  const scheduled = await world.client.send(queue, "hold", { countdown: 600 });
  await worldHolds(redis, 3);

  const inspect = (...args: string[]) => ask(redis, "inspect", node, ...args);
  const [ping, queues, registered, conf, clock, report] = await Promise.all(
    ["ping", "active_queues", "registered", "conf", "clock", "report"].map((method) => inspect(method)),
  );
  assert.deepEqual(ping, { ok: "pong" });
  assert.partialDeepStrictEqual(queues, [{ name: queue, exchange: { type: "direct" }, routing_key: queue }]);
  assert.deepEqual(registered, ["add [rate_limit=5/m]", "hold"]);
  assert.partialDeepStrictEqual(conf, { worker_concurrency: 1, broker_url: `${redis.url}/0` });
  assert.ok((clock as { clock: number }).clock > 0);
  assert.match(JSON.stringify(report), /celery-node/);

  const [running, waiting, later, queried, stats] = await Promise.all([
    inspect("active"),
    inspect("reserved"),
    inspect("scheduled"),
    inspect("query_task", active, scheduled, "nobody-knows"),
    inspect("stats"),
  ]);
  const info = { name: "hold", type: "hold", hostname: node };
  assert.partialDeepStrictEqual(running, [
    { ...info, id: active, args: ["m31", 7], worker_pid: process.pid, acknowledged: false },
  ]);
  assert.partialDeepStrictEqual(waiting, [{ ...info, id: reserved, time_start: null }]);
  assert.partialDeepStrictEqual(later, [{ priority: 6, request: { ...info, id: scheduled } }]);
  const states = Object.entries(queried as Record<string, [string]>);
  assert.deepEqual(Object.fromEntries(states.map(([id, [state]]) => [id, state])), {
    [active]: "active",
    [scheduled]: "reserved",
  });
  assert.partialDeepStrictEqual(stats, {
    pid: process.pid,
    pool: { "max-concurrency": 1 },
    broker: { transport: "redis", port: redis.port },
  });
  held.open();
  await ours.stop();

  async function worldHolds(server: typeof redis, count: number): Promise<void> {
    while (Number(await server.cli("hlen", "unacked")) < count) await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test("celery control changes what our worker does, and a task revoked by it is REVOKED for everybody", {
  skip,
}, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const held = gate("hold");
  const ours = await world.work([held.task, { name: "add", run: async () => 42 }], { name: node, concurrency: 1 });
  const running = await world.send("hold");
  await held.untilBegun(1);
  const waiting = await world.send("hold");

  const control = (...args: string[]) => ask(redis, "control", node, ...args);
  assert.deepEqual(await control("revoke", waiting), { ok: `tasks ${waiting} flagged as revoked` });
  assert.deepEqual(await control("terminate", "TERM", running), { ok: `terminate: ${running}` });
  assert.deepEqual(await world.ended(running), { status: "REVOKED", result: revokedAs("terminated") });
  assert.deepEqual(await world.ended(waiting), { status: "REVOKED", result: revokedAs("revoked") });
  assert.deepEqual(await ask(redis, "inspect", node, "revoked"), [waiting, running]);

  const replies = [
    await control("rate_limit", "add", "100/s"),
    await control("time_limit", "add", "5", "10"),
    await control("pool_grow", "2"),
    await control("pool_shrink", "1"),
    await control("enable_events"),
    await control("add_consumer", "second"),
  ].map((reply) => (reply as { ok: string }).ok);
  assert.deepEqual(replies, [
    "new rate limit set successfully",
    "time limits set successfully",
    "pool will grow",
    "pool will shrink",
    "task events enabled",
    "add consumer second",
  ]);
  assert.equal(ours.facts().concurrency, 2);
  const id = await world.client.send("second", "add");
  assert.equal((await world.ended(id)).result, 42);
  assert.deepEqual(await control("cancel_consumer", "second"), { ok: "no longer consuming from second" });
  assert.deepEqual(ours.facts().queues, [queue]);

  // Nothing is replied to a shutdown, so that the program ends with an error.
  await assert.rejects(celery(redis, "control", "shutdown"), /No nodes replied/);
  while (ours.facts().state !== "stopped") await new Promise((resolve) => setTimeout(resolve, 20));
});

test("a worker that may only be looked at says so to celery control, with mutual TLS as without", {
  skip,
}, async (t) => {
  const { redis, world } = await startMixedWorld(t, { tls: true });
  const ours = await world.work([], { name: node, control: "inspect" });
  assert.match(await celery(redis, "status"), /celery@ours: OK/);
  assert.deepEqual(await ask(redis, "control", node, "pool_grow"), {
    error: "pool_grow is refused: remote control of this worker is for looking only",
  });
  assert.deepEqual(await ask(redis, "control", node, "shutdown"), {
    error: "shutdown is refused: remote control of this worker is for looking only",
  });
  assert.equal(ours.facts().state, "running");
});

function revokedAs(reason: string) {
  return { exc_type: "TaskRevokedError", exc_message: [reason], exc_module: "celery.exceptions" };
}

async function startMixedWorld(t: TestContext, options: RedisOptions = {}) {
  const redis = await startRedis(t, options);
  const { host, port, tls } = redis;
  const server = { host, port, ...(tls && { tls: { ca: tls.ca, cert: tls.cert, key: tls.key } }) };
  return { redis, world: await startWorld(t, { broker: redisBroker(server), results: redisResults(server) }) };
}
