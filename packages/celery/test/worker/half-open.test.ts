import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { createClient, createControl, redisBroker, redisResults } from "../../src/index.ts";
import { gate, queue, startWorld } from "./world.ts";

const skip = without("redis-server", "openssl");

for (const { how, tls } of [
  { how: "plain", tls: false },
  { how: "mutual TLS", tls: true },
]) {
  test(`${how}: a worker whose packets vanish notices within ten seconds, consumes within five of their return, and acknowledges what it ran meanwhile`, {
    skip,
    timeout: 180_000,
  }, async (t) => {
    const { outside, proxy, world } = await behindProxy(t, tls);
    const through = gate("through");
    const worker = await world.work([through.task, { name: "add", run: async () => 3 }], {
      name: "celery@ours",
      concurrency: 2,
    });
    const id = await outside.client.send(queue, "through");
    await through.untilBegun(1);
    const ping = async () => {
      const replies = await outside.control.ping({ destination: ["celery@ours"], timeout: 500 });
      return replies["celery@ours"] !== undefined;
    };
    while (!(await ping()));
    // For commands, to wait for messages, for remote control, for results.
    const before = proxy.connections;
    assert.ok(before >= 4, `${before} connections`);

    proxy.blackHole();
    const since = performance.now();
    await until(() => !worker.facts().brokerConnected && proxy.abandoned >= before);
    const noticed = performance.now() - since;
    through.open("ran through the outage");
    const waiting = await outside.client.send(queue, "add");
    assert.equal(await ping(), false);

    proxy.pass();
    const back = performance.now();
    await outside.client.result(waiting).wait(AbortSignal.timeout(60_000));
    const consuming = performance.now() - back;
    while (!(await ping()));
    const hearing = performance.now() - back;
    assert.equal(await outside.client.result(id).wait(AbortSignal.timeout(60_000)), "ran through the outage");
    await until(async () => (await outside.broker.inspect(queue)).unacked.count === 0);
    const acknowledged = performance.now() - back;
    t.diagnostic(
      `noticed after ${seconds(noticed)}, back after ${seconds(consuming)} (messages) and ${seconds(hearing)} ` +
        `(remote control), acknowledged after ${seconds(acknowledged)}`,
    );
    assert.ok(noticed < 10_000 && consuming < 5_000 && hearing < 5_000);

    // What wakes it is back as well: without it a message waits for the next look, five seconds apart.
    const latencies: number[] = [];
    for (let n = 0; n < 5; n++) {
      const sent = performance.now();
      await outside.client.result(await outside.client.send(queue, "add")).wait(AbortSignal.timeout(60_000));
      latencies.push(performance.now() - sent);
    }
    assert.ok(Math.min(...latencies) < 1_000, `${latencies}`);
    assert.equal(worker.facts().counts.duplicate, 0);
    assert.deepEqual(through.begun, [id]);
    await world.expectBrokerSoon({});
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, "it did not happen within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A worker's world behind a proxy, and somebody outside who always gets through to Redis. */
async function behindProxy(t: TestContext, withTls: boolean) {
  const redis = await startRedis(t, { tls: withTls });
  const proxy = await startBlackHoleProxy(t, redis);
  const tls = redis.tls && { tls: { ca: redis.tls.ca, cert: redis.tls.cert, key: redis.tls.key } };
  const direct = { host: redis.host, port: redis.port, ...tls };
  const behind = { host: proxy.host, port: proxy.port, ...tls };
  const [broker, results] = [redisBroker(direct), redisResults(direct)];
  await Promise.all([broker.connect(), results.connect()]);
  t.after(() => Promise.all([broker.close(), results.close()]));
  const outside = { broker, client: createClient({ broker, results }), control: createControl({ broker }) };
  const world = await startWorld(t, { broker: redisBroker(behind), results: redisResults(behind) });
  return { outside, proxy, world };
}
