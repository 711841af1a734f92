import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type BlackHoleProxy, startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker } from "../../src/broker/redis.ts";
import { type RedisConnectionOptions, redisLink } from "../../src/broker/redis-connection.ts";
import { redisSubscriber } from "../../src/broker/redis-subscriber.ts";
import { wakeUp } from "../../src/broker/wake-up.ts";
import { redisResults } from "../../src/results/redis.ts";

const skip = without("redis-server", "openssl");

/** Everything that keeps a connection, doing what it does most of the time. */
const kinds: Record<
  string,
  { connections: number; open(t: TestContext, options: RedisConnectionOptions): Promise<unknown> }
> = {
  "a connection for commands, idle": {
    connections: 1,
    async open(t, options) {
      const link = redisLink(options);
      t.after(() => link.close());
      await link.connect();
    },
  },
  "a connection for commands, in the middle of some": {
    connections: 1,
    async open(t, options) {
      const link = redisLink(options);
      t.after(() => link.close());
      await link.connect();
      const ask = (): unknown => link.run((redis) => redis.get("k")).then(ask, () => {});
      ask();
    },
  },
  "the two that wait for messages": {
    connections: 2,
    async open(t, options) {
      const waiting = wakeUp(options);
      t.after(() => waiting.close());
      void waiting.wait(["q"], 600_000, t.signal);
    },
  },
  "a subscription": {
    connections: 1,
    async open(t, options) {
      const subscriber = redisSubscriber(options);
      t.after(() => subscriber.close());
      await subscriber.subscribe({ pattern: "/0.celery.pidbox*" }, () => {});
    },
  },
  "all connections of a broker and its results": {
    connections: 7,
    async open(t, options) {
      const broker = redisBroker(options);
      t.after(() => broker.close());
      await broker.connect();
      const results = redisResults(options);
      t.after(() => results.close());
      await results.connect();
      void broker.wait(["q"], 600_000, t.signal);
      await broker.listen({ exchange: "celery.pidbox", routingKey: "", queue: "me.celery.pidbox" }, () => {});
      const mailbox = await broker.openMailbox("reply.celery.pidbox", "me");
      void (async () => {
        while (!t.signal.aborted) await mailbox.receive(600_000, t.signal).catch(() => pause(50));
      })();
      results.waitFor("a task", t.signal).catch(() => {});
    },
  },
};

for (const [name, { connections, open }] of Object.entries(kinds)) {
  for (const tls of [false, true]) {
    const story = `half-open is noticed within ten seconds by ${name}${tls ? ", with TLS" : ""}`;
    test(story, { skip, timeout: 120_000, concurrency: true }, async (t) => {
      const server = await startRedis(t, { tls });
      const proxy = await startBlackHoleProxy(t, server);
      const files = server.tls && { ca: server.tls.ca, cert: server.tls.cert, key: server.tls.key };
      await open(t, { host: proxy.host, port: proxy.port, tls: files });
      while (proxy.connections < connections) await pause(10);
      // At some moment of its rhythm.
      await pause(1000 + Math.random() * 4000);
      proxy.blackHole();
      const since = performance.now();
      while (proxy.abandoned < connections) await pause(10);
      t.diagnostic(`noticed after ${((performance.now() - since) / 1000).toFixed(1)} s`);
      assert.ok(performance.now() - since < 10_000);
      await untilBack(proxy, connections);
    });
  }
}

test("a server that stands still for three seconds is waited for", { skip, timeout: 60_000 }, async (t) => {
  const server = await startRedis(t);
  const link = redisLink({ host: server.host, port: server.port });
  t.after(() => link.close());
  await link.connect();
  let losses = 0;
  link.onLost(() => losses++);
  process.kill(server.pid, "SIGSTOP");
  const answer = link.run((redis) => redis.incr("n"));
  await pause(3000);
  process.kill(server.pid, "SIGCONT");
  assert.equal(await answer, 1);
  assert.equal(losses, 0);
});

async function untilBack(proxy: BlackHoleProxy, connections: number): Promise<void> {
  const since = performance.now();
  proxy.pass();
  while (proxy.connections < connections) await pause(10);
  assert.ok(performance.now() - since < 5000, "and it is back within five");
}
