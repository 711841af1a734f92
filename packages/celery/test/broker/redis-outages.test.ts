import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { startBlackHoleProxy } from "../../../../testing/black-hole-proxy.ts";
import { makeCertificates } from "../../../../testing/certificates.ts";
import { freePort } from "../../../../testing/free-port.ts";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { type RedisBrokerOptions, redisBroker } from "../../src/broker/redis.ts";
import { RedisError, type RedisFault } from "../../src/broker/redis-errors.ts";
import { aTask, popAll, popOne } from "./broker.conformance.ts";
import { connectionOf, startRedisWorld } from "./redis-world.ts";

const skip = without("redis-server", "openssl");
const it = (story: string, tell: (t: TestContext) => Promise<void>) => test(story, { skip, timeout: 120_000 }, tell);

it("scripts that Redis has forgotten are sent again", async (t) => {
  const world = await startRedisWorld(t);
  const broker = await world.open();
  await broker.publish("q", aTask({ id: "a" }));
  const { tag } = await popOne(broker);
  await world.peer.script("FLUSH");
  assert.equal((await broker.renew([tag])).get(tag), "RENEWED");
  await world.peer.script("FLUSH");
  assert.equal(await broker.requeue(tag), "DONE");
  await world.peer.script("FLUSH");
  assert.deepEqual(await popAll(broker), ["a"]);
});

it("after a restart of Redis the broker is back, its bindings too, and held messages are still ours", async (t) => {
  const world = await startRedisWorld(t, { appendonly: true });
  const broker = await world.open();
  await broker.declare(["q"]);
  for (const id of ["a", "b"]) await broker.publish("q", aTask({ id }));
  const { tag } = await popOne(broker);
  const lost = heard(broker, "disconnected");
  const back = heard(broker, "connected");
  await world.server.stop("SIGKILL");
  await lost;
  const before = performance.now();
  await assert.rejects(broker.pop(["q"]), { code: "CDT-REDIS-UNREACHABLE", kind: "transient" });
  await assert.rejects(broker.acknowledge(tag), { code: "CDT-REDIS-UNREACHABLE" });
  assert.ok(performance.now() - before < 5_000, "refused at once, not after some timeout");
  await world.server.restart();
  await back;
  assert.equal(await broker.acknowledge(tag), "DONE");
  assert.deepEqual(await popAll(broker), ["b"]);
});

it("bindings are declared again after a reconnect, and when a flush is noticed", async (t) => {
  const world = await startRedisWorld(t);
  const broker = await world.open();
  await broker.declare(["q"]);
  assert.deepEqual(await world.peer.smembers("_kombu.binding.q"), ["q\x06\x16\x06\x16q"]);
  const back = heard(broker, "connected");
  await world.peer.flushall();
  await world.peer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await back;
  assert.equal((await broker.inspect("q")).bound, true);

  await broker.epoch();
  await world.peer.flushall();
  assert.equal((await broker.inspect("q")).bound, false);
  await broker.epoch();
  assert.equal((await broker.inspect("q")).bound, true);
});

it("waiting survives the loss of all connections", async (t) => {
  const world = await startRedisWorld(t);
  const broker = await world.open();
  const waiting = broker.wait(["q"], 100_000, t.signal);
  await untilWatched(world.peer);
  for (const type of ["normal", "pubsub"]) {
    const back = type === "normal" ? heard(broker, "connected") : undefined;
    await world.peer.call("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes");
    await back;
  }
  await broker.publish("q", aTask({ id: "a", priority: 9 }));
  await waiting;
  assert.deepEqual(await popAll(broker), ["a"]);
});

it("a server that falls silent is noticed by the deadline of a command, and used again when it is back", async (t) => {
  const server = await startRedis(t);
  const proxy = await startBlackHoleProxy(t, server);
  const broker = redisBroker({ host: proxy.host, port: proxy.port, answerTimeout: 300, connectTimeout: 1000 });
  t.after(() => broker.close());
  await broker.connect();
  const lost = heard(broker, "disconnected");
  proxy.blackHole();
  await assert.rejects(broker.ping(), { code: "CDT-REDIS-UNREACHABLE" });
  await lost;
  const back = heard(broker, "connected");
  proxy.pass();
  await back;
  await broker.ping();
});

it("idle, it costs less than 20 commands a second, and a message is picked up within 50 ms", async (t) => {
  const world = await startRedisWorld(t);
  const broker = await world.open();
  const queues = ["p", "q", "r"];
  const stop = new AbortController();
  const latencies: number[] = [];
  let sentAt = 0;
  let taken = () => {};
  const consuming = (async () => {
    while (!stop.signal.aborted) {
      const [delivery] = await broker.pop(queues);
      if (!delivery) await broker.wait(queues, 5_000, stop.signal);
      else {
        latencies.push(performance.now() - sentAt);
        await broker.acknowledge(delivery.tag);
        taken();
      }
    }
  })();
  await untilWatched(world.peer);

  for (let i = 0; i < 50; i++) {
    const done = new Promise<void>((resolve) => {
      taken = resolve;
    });
    sentAt = performance.now();
    await world.peer.lpush(`${queues[i % 3]}${["", "\x06\x163", "\x06\x169"][i % 3]}`, JSON.stringify(aTask()));
    await done;
  }
  latencies.sort((a, b) => a - b);
  t.diagnostic(
    `picked up after ${latencies[25]!.toFixed(1)} ms (median), ${latencies[48]!.toFixed(1)} ms (worst but one)`,
  );
  assert.ok(latencies[25]! < 50, `median ${latencies[25]} ms`);

  const [before, start] = [await commandsProcessed(world.peer), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const rate = ((await commandsProcessed(world.peer)) - before) / ((performance.now() - start) / 1000);
  t.diagnostic(`${rate.toFixed(1)} commands a second while idle`);
  assert.ok(rate < 20, `${rate} commands a second`);
  stop.abort();
  await consuming;
});

it("each way in which Redis does not let us in has its own code", async (t) => {
  const server = await startRedis(t, { tls: { serverNames: ["redis.example"] }, password: "right" });
  const expired = await startRedis(t, { tls: { serverDays: -1 } });
  const plain = await startRedis(t, { password: "right" });
  const strangers = await makeCertificates(`${server.tls!.ca}.strangers`);
  const expiredClient = await makeCertificates(`${server.tls!.ca}.expired`, { clientDays: -1 });
  const good = { ...connectionOf(server), tls: { ...connectionOf(server).tls, serverName: "redis.example" } };

  const working = redisBroker(good);
  t.after(() => working.close());
  await working.connect();
  const inline = redisBroker({
    ...good,
    tls: { ...good.tls, ca: readFileSync(server.tls!.ca, "utf8"), checkHostName: false, serverName: "anything" },
  });
  t.after(() => inline.close());
  await inline.connect();

  const cases: [string, RedisBrokerOptions, RedisFault][] = [
    ["nobody listens", { host: "127.0.0.1", port: await freePort() }, "unreachable"],
    ["no such host", { host: "redis.invalid" }, "unreachable"],
    ["wrong password", { ...good, password: "wrong" }, "password"],
    ["wrong password, plain", { host: plain.host, port: plain.port, password: "wrong" }, "password"],
    ["wrong user", { host: plain.host, port: plain.port, username: "nobody", password: "right" }, "password"],
    ["no password", { host: plain.host, port: plain.port }, "password"],
    ["unknown authority", { ...good, tls: { ...good.tls, ca: strangers.ca } }, "certificate-untrusted"],
    ["system authorities", { ...good, tls: { serverName: "redis.example" } }, "certificate-untrusted"],
    ["name of the host", { ...good, tls: { ...good.tls, serverName: "127.0.0.1" } }, "certificate-name"],
    ["another name", { ...good, tls: { ...good.tls, serverName: "other.example" } }, "certificate-name"],
    ["expired", connectionOf(expired), "certificate-expired"],
    [
      "no client certificate",
      { ...good, tls: { ca: server.tls!.ca, serverName: "redis.example" } },
      "client-certificate",
    ],
    [
      "a stranger's client certificate",
      { ...good, tls: { ...good.tls, cert: strangers.cert, key: strangers.key } },
      "client-certificate",
    ],
    [
      "an expired client certificate",
      { ...good, tls: { ...good.tls, cert: expiredClient.cert, key: expiredClient.key } },
      "client-certificate",
    ],
    ["TLS to something else", { host: "127.0.0.1", port: await plainTalker(t), tls: {} }, "not-tls"],
    ["TLS to a plain port", { host: plain.host, port: plain.port, tls: {}, connectTimeout: 1000 }, "unreachable"],
  ];
  for (const [name, options, fault] of cases) {
    const broker = redisBroker(options);
    await assert.rejects(broker.connect(), (error) => {
      assert.ok(error instanceof RedisError, `${name}: ${String(error)}`);
      assert.equal(error.fault, fault, `${name}: ${error.message}`);
      assert.ok(!JSON.stringify([error, { ...(error.cause as object) }]).includes("wrong"), "the password is not told");
      return true;
    });
    await assert.rejects(broker.connect(), RedisError, "it can be tried again");
    await broker.close();
  }
  for (const tls of [{ ca: "/does/not/exist" }, { cert: "-----BEGIN nonsense", key: "-----BEGIN nonsense" }]) {
    await assert.rejects(async () => await redisBroker({ ...good, tls }).connect(), { code: "CDT-REDIS-TLS-FILES" });
  }
});

it("connecting ends with its signal", async (t) => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const { port } = silent.address() as { port: number };
  const broker = redisBroker({ host: "127.0.0.1", port });
  const abort = new AbortController();
  const connecting = broker.connect(abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(connecting, { message: "enough" });
  await assert.rejects(broker.connect(abort.signal), { message: "enough" });
});

/** Answers whatever it gets with a line of text. */
async function plainTalker(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on("data", () => socket.end("-ERR what?\r\n")).on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

function heard(broker: Broker, event: "connected" | "disconnected"): Promise<void> {
  return new Promise((resolve) => broker.on(event, () => resolve()));
}

/** Until Redis has been asked to tell of changes. */
async function untilWatched(peer: { client(what: "LIST"): Promise<unknown> }): Promise<void> {
  while (!/ flags=t .* cmd=exists /.test(String(await peer.client("LIST")))) {}
}

async function commandsProcessed(peer: { info(section: string): Promise<string> }): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await peer.info("stats"))![1]);
}
