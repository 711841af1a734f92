import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { type RedisConnectionOptions, type RedisLink, redisLink } from "../../src/broker/redis-connection.ts";
import { type WakeUp, wakeUp } from "../../src/broker/wake-up.ts";

const skip = without("redis-server");
const it = (story: string, tell: (t: TestContext) => Promise<void>) => test(story, { skip, timeout: 120_000 }, tell);

/** The lists of forty queues with four priorities each. */
const lists = Array.from({ length: 40 }, (_, queue) =>
  ["", "3", "6", "9"].map((step) => `queue ${queue}${step}`),
).flat();

it("of 160 lists the first message in any wakes within milliseconds, over two connections, at under two commands a second", async (t) => {
  const { waiting, peer, clients, commands } = await startWorld(t);
  const latencies: number[] = [];
  for (let i = 0; i < 200; i++) {
    const list = lists[(i * 37) % lists.length]!;
    const woken = waiting.wait(lists, 60_000, t.signal);
    if (i === 0) await untilTracked(peer);
    const since = performance.now();
    await peer.run((redis) => redis.lpush(list, "message"));
    await woken;
    latencies.push(performance.now() - since);
    await peer.run((redis) => redis.rpop(list));
  }
  latencies.sort((a, b) => a - b);
  t.diagnostic(`woken ${latencies[100]!.toFixed(2)} ms (median), ${latencies[190]!.toFixed(2)} ms (95 %) after LPUSH`);
  assert.ok(latencies[100]! < 5, `${latencies[100]} ms`);
  assert.equal(await clients(), 3, "two, and the peer");

  const idle = waiting.wait(lists, 10_000, t.signal);
  const before = await commands();
  const since = performance.now();
  await idle;
  const rate = ((await commands()) - before) / ((performance.now() - since) / 1000);
  t.diagnostic(`${rate.toFixed(2)} commands a second while idle, with the peer's`);
  assert.ok(rate < 2, `${rate}`);
});

it("a message that comes between the pop that found nothing and the wait is not overlooked", async (t) => {
  const { waiting, peer } = await startWorld(t);
  for (let i = 0; i < 300; i++) {
    // In the queue already, on its way, or sent after the question: the wait ends at once, and never at its timeout.
    const pushed = peer.run((redis) => redis.lpush(lists[i % 160]!, "message"));
    if (i % 3 === 0) await pushed;
    const since = performance.now();
    await waiting.wait(lists, 60_000, t.signal);
    assert.ok(performance.now() - since < 30_000);
    await pushed;
    await peer.run((redis) => redis.rpop(lists[i % 160]!));
  }
});

it("a list that is not empty wakes whoever waits for it, again and again, until it is", async (t) => {
  const { waiting, peer } = await startWorld(t);
  await peer.run((redis) => redis.lpush("q", "one", "two"));
  for (let i = 0; i < 3; i++) await waiting.wait(["q"], 60_000, t.signal);
  await peer.run((redis) => redis.del("q"));
  const since = performance.now();
  // What has emptied it may be heard of once more.
  for (let i = 0; i < 2; i++) await waiting.wait(["q"], 500, t.signal);
  assert.ok(performance.now() - since >= 499);
});

it("each is woken by its own lists: new ones, moved ones, ones written by a script, and all of a flushed database", async (t) => {
  const { waiting, peer } = await startWorld(t);
  const changes: [string, (link: RedisLink) => Promise<unknown>][] = [
    ["LPUSH", (link) => link.run((redis) => redis.lpush("mine", "m"))],
    ["RPUSH", (link) => link.run((redis) => redis.rpush("mine", "m"))],
    ["a script", (link) => link.run((redis) => redis.eval("redis.call('LPUSH', KEYS[1], 'm')", 1, "mine"))],
    ["MULTI", (link) => link.run((redis) => redis.multi().lpush("mine", "m").exec())],
    ["LMOVE", (link) => link.run((redis) => redis.multi().lpush("x", "m").lmove("x", "mine", "LEFT", "LEFT").exec())],
    ["RENAME", (link) => link.run((redis) => redis.multi().lpush("x", "m").rename("x", "mine").exec())],
    ["FLUSHALL", (link) => link.run((redis) => redis.flushall())],
  ];
  for (const [name, change] of changes) {
    const mine = waiting.wait(["mine", "other"], 60_000, t.signal);
    let others = "waits";
    const stop = new AbortController();
    const theirs = waiting.wait(["theirs"], 60_000, stop.signal).then(() => {
      others = "woken";
    });
    await untilTracked(peer);
    await change(peer);
    await mine;
    if (name !== "FLUSHALL") assert.equal(others, "waits", name);
    stop.abort();
    await theirs;
    await peer.run((redis) => redis.del("mine"));
  }
});

it("waiting goes on over the loss of either connection", async (t) => {
  const { waiting, peer } = await startWorld(t);
  for (const type of ["normal", "pubsub", "normal", "pubsub"]) {
    const woken = waiting.wait(lists, 60_000, t.signal);
    await untilTracked(peer);
    await peer.run((redis) => redis.call("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes"));
    await peer.run((redis) => redis.lpush("queue 7", "message"));
    await woken;
    await peer.run((redis) => redis.del("queue 7"));
  }
});

it("whoever waits before Redis is there is woken once it is", async (t) => {
  const server = await startRedis(t);
  await server.stop();
  const waiting = wakeUp({ host: server.host, port: server.port });
  t.after(() => waiting.close());
  const woken = waiting.wait(["q"], 60_000, t.signal);
  await pause(500);
  await server.restart();
  await server.cli("LPUSH", "q", "message");
  await woken;
});

it("where a user of Redis may not track, the lists are asked after, at no more than fifteen commands a second", async (t) => {
  const { server, peer, commands } = await startWorld(t);
  const rights: string[][] = [
    ["+@all", "-client|tracking", "&*"],
    ["+@all", "resetchannels"],
  ];
  for (const [i, right] of rights.entries()) {
    const username = `worker${i}`;
    await peer.run((redis) => redis.call("ACL", "SETUSER", username, "on", "nopass", "~*", ...right));
    const waiting = wakeUp({ host: server.host, port: server.port, username });
    t.after(() => waiting.close());
    for (let round = 0; round < 3; round++) {
      const woken = waiting.wait(lists, 60_000, t.signal);
      await pause(300);
      const since = performance.now();
      await peer.run((redis) => redis.lpush("queue 13", "message"));
      await woken;
      t.diagnostic(`woken after ${Math.round(performance.now() - since)} ms`);
      await peer.run((redis) => redis.del("queue 13"));
    }
    const before = await commands();
    const since = performance.now();
    await waiting.wait(lists, 4000, t.signal);
    const rate = ((await commands()) - before) / ((performance.now() - since) / 1000);
    assert.ok(rate < 15, `${rate} commands a second`);
    waiting.close();
  }
});

it("waiting ends with its time, with its signal, and with the end of it all", async (t) => {
  const { waiting, peer } = await startWorld(t);
  const since = performance.now();
  await waiting.wait(["q"], 200, t.signal);
  assert.ok(performance.now() - since >= 199);
  const stop = new AbortController();
  const aborted = waiting.wait(["q"], 60_000, stop.signal);
  await untilTracked(peer);
  stop.abort();
  await aborted;
  await waiting.wait(["q"], 60_000, stop.signal);
  const closed = waiting.wait(["q"], 60_000, t.signal);
  waiting.close();
  await closed;
  await waiting.wait(["q"], 60_000, t.signal);
});

it("a busy consumer may wait thousands of times a second", async (t) => {
  const { waiting, peer, commands } = await startWorld(t);
  const first = waiting.wait(lists, 50, t.signal);
  await untilTracked(peer);
  await first;
  const before = await commands();
  const rounds = 10_000;
  const stop = new AbortController();
  const since = performance.now();
  for (let i = 0; i < rounds; i++) {
    const round = new AbortController();
    const waited = waiting.wait(lists, 60_000, round.signal);
    round.abort();
    await waited;
  }
  stop.abort();
  const each = ((performance.now() - since) / rounds) * 1000;
  t.diagnostic(`${each.toFixed(0)} µs each`);
  assert.ok(each < 1000, `${each} µs`);
  assert.ok((await commands()) - before < 100, "what is known to be empty is not asked after again");
});

interface World {
  server: { host: string; port: number };
  waiting: WakeUp;
  /** Plays everybody else. */
  peer: RedisLink;
  clients(): Promise<number>;
  commands(): Promise<number>;
}

async function startWorld(t: TestContext, more: RedisConnectionOptions = {}): Promise<World> {
  const server = await startRedis(t);
  const options = { host: server.host, port: server.port, ...more };
  const waiting = wakeUp(options);
  t.after(() => waiting.close());
  const peer = redisLink(options);
  t.after(() => peer.close());
  await peer.connect();
  return {
    server,
    waiting,
    peer,
    clients: async () => Number(/connected_clients:(\d+)/.exec(await peer.run((redis) => redis.info("clients")))![1]),
    commands: async () =>
      Number(/total_commands_processed:(\d+)/.exec(await peer.run((redis) => redis.info("stats")))![1]),
  };
}

/** Until Redis has been asked to tell of changes. */
async function untilTracked(peer: RedisLink): Promise<void> {
  for (;;) {
    const list = String(await peer.run((redis) => redis.client("LIST")));
    if (/ flags=t .* cmd=exists /.test(list)) return;
  }
}
