import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import type { Delivery } from "../../src/broker/broker.ts";
import { aTask, popAll, popOne } from "./broker.conformance.ts";
import { type RedisWorld, startRedisWorld } from "./redis-world.ts";

const skip = without("redis-server");
const it = (story: string, tell: (world: RedisWorld, t: TestContext) => Promise<void>) =>
  test(story, { skip, timeout: 120_000 }, async (t) => await tell(await startRedisWorld(t), t));

it("the entry is kombu's, with our mark in it, and its score lies one lease in the future", async (world) => {
  const broker = await world.open({ lease: 30_000 });
  await broker.publish("q", aTask({ id: "a", headers: { long: 12345678901234567890n, empty: [], half: 0.1 } }));
  const { tag, raw } = await popOne(broker);
  const text = (await world.peer.hget("unacked", tag))!;
  const [message, exchange, routingKey] = JSON.parse(text);
  assert.deepEqual([exchange, routingKey], ["", "q"]);
  assert.match(message.properties.cdt_holder, /^[\w-]{16}$/);
  assert.equal(text, `[${raw.replace('"properties":{', `$&"cdt_holder":"${message.properties.cdt_holder}",`)},"","q"]`);
  assert.match(text, /"long":12345678901234567890,"empty":\[\],"half":0.1/, "not a digit is lost on the way");
  const ahead = Number(await world.peer.zscore("unacked_index", tag)) - Number((await world.peer.time())[0]);
  assert.ok(ahead > 20 && ahead <= 31, `${ahead} s ahead`);
  assert.equal(await world.peer.zscore("cdt:leases", tag), await world.peer.zscore("unacked_index", tag));
});

it("a peer that restored our message and took it again keeps it, although its entry still carries our mark", async (world) => {
  const broker = await world.open();
  for (const redeliveredBefore of [false, true]) {
    await broker.publish("q", aTask({ id: "a" }));
    if (redeliveredBefore) await broker.requeue((await popOne(broker)).tag);
    const { tag } = await popOne(broker);
    const entry = await playKombuRestoreAndPop(world, tag);
    assert.match(entry, /cdt_holder/);
    assert.equal((await broker.renew([tag])).get(tag), "LOST");
    assert.equal(await world.peer.hget("unacked", tag), entry);

    await broker.publish("q", aTask({ id: "b" }));
    const second = await popOne(broker);
    await playKombuRestoreAndPop(world, second.tag);
    assert.equal(await broker.acknowledge(second.tag), "LOST");
    assert.equal(await world.peer.hexists("unacked", second.tag), 1);
    assert.equal((await broker.restoreOrphans()).restored, 0, "it is young, by kombu's rule");
    await world.flush();
  }
});

it("the end of a lease of ours does not take from a peer what it has taken since", async (world) => {
  const broker = await world.open();
  await broker.publish("q", aTask({ id: "a" }));
  const { tag } = await popOne(broker);
  const entry = await playKombuRestoreAndPop(world, tag);
  await world.peer.zadd("cdt:leases", 1, tag);
  assert.equal((await broker.restoreOrphans()).restored, 0);
  assert.equal(await world.peer.hget("unacked", tag), entry);
  assert.equal(await world.peer.zscore("cdt:leases", tag), null, "and it is no longer on our list");
});

it("a message that a peer gave back with our old mark in it is ours again when we pop it", async (world) => {
  const broker = await world.open();
  await broker.publish("q", aTask({ id: "a" }));
  const { tag, raw } = await popOne(broker);
  await playKombuRestore(world, tag);
  const again = await popOne(broker);
  assert.ok(again.redelivered);
  assert.ok(!again.raw.includes("cdt_holder"));
  assert.deepEqual(JSON.parse(again.raw).body, JSON.parse(raw).body);
  assert.equal((await broker.renew([again.tag])).get(again.tag), "RENEWED");
  assert.equal(await broker.acknowledge(again.tag), "DONE");
  assert.deepEqual(await world.peer.keys("{unacked*,cdt:leases}"), []);
});

it("a peer that held a message before, and acknowledges or gives it back late, takes nothing from who holds it now", async (world) => {
  const broker = await world.open();
  const message = aTask({ id: "a" });
  await playHeldByPython(world, message, 1);
  assert.equal((await broker.restoreOrphans()).restored, 1, "its visibility timeout is over");
  const { tag, envelope } = await popOne(broker);
  const known = envelope!.properties.delivery_tag;
  assert.equal(known, message.properties.delivery_tag, "the message keeps its delivery tag");
  assert.deepEqual(await world.peer.multi().zrem("unacked_index", known).hdel("unacked", known).exec(), [
    [null, 0],
    [null, 0],
  ]);
  assert.equal((await broker.renew([tag])).get(tag), "RENEWED");
  assert.equal(await broker.acknowledge(tag), "DONE");
});

it("others' entries are given back after kombu's visibility timeout, not before, however old our lease is", async (world) => {
  const broker = await world.open({ visibilityTimeout: 3600, lease: 10 });
  const [now] = await world.peer.time();
  await playHeldByPython(world, aTask({ id: "young" }), Number(now) - 3500);
  await playHeldByPython(world, aTask({ id: "old", priority: 4 }), Number(now) - 3700);
  await playHeldByPython(world, aTask({ id: "older", priority: 4 }), Number(now) - 3800);
  await world.peer.set("unacked_mutex", "a peer is at it", "PX", 60_000);
  assert.equal((await broker.restoreOrphans()).restored, 0);
  await world.peer.del("unacked_mutex");
  assert.equal((await broker.restoreOrphans()).restored, 2);
  assert.equal(await world.peer.llen("q\x06\x163"), 2, "in the list of their priority");
  const first = await popOne(broker);
  assert.deepEqual([first.envelope?.headers.id, first.redelivered], ["older", true]);
  assert.deepEqual([await world.peer.hlen("unacked"), await world.peer.zcard("unacked_index")], [2, 2]);
});

it("an entry that came through a named exchange goes back to the queues bound to it, or to its routing key", async (world) => {
  const broker = await world.open();
  await world.peer.sadd("_kombu.binding.direct", "key\x06\x16\x06\x16bound", "other\x06\x16\x06\x16not-this");
  await world.peer.sadd("_kombu.binding.topic", "a.*.c\x06\x16^a\\.x\x06\x16by-topic", "#\x06\x16.*\x06\x16all");
  const routes = [
    ["direct", "key", ["bound"]],
    ["topic", "a.b.c", ["by-topic", "all"]],
    // kombu's star stands for more than one word.
    ["topic", "a.b.b.c", ["by-topic", "all"]],
    ["topic", "a.b.b", ["all"]],
    ["unbound", "lonely", ["lonely"]],
  ] as const;
  for (const [exchange, key, queues] of routes) {
    await playHeldByPython(world, aTask({ id: "a" }), 1, exchange, key);
    for (const queue of queues) assert.equal((await broker.inspect(queue)).unacked.count, 1);
    assert.equal((await broker.restoreOrphans()).restored, 1);
    for (const queue of queues)
      assert.deepEqual(await popAll(broker, [queue]), ["a"], `${exchange} ${key} to ${queue}`);
  }
  assert.deepEqual(await broker.pop(["not-this"]), []);
});

it("entries that nobody can read do not stop the scan, and are not thrown away", async (world) => {
  const broker = await world.open();
  for (const [tag, entry] of [
    ["x", "no JSON"],
    ["y", "[]"],
    ["z", '[{},"",null]'],
  ] as const) {
    await world.peer.hset("unacked", tag, entry);
    await world.peer.zadd("unacked_index", 1, tag);
  }
  await playHeldByPython(world, aTask({ id: "a" }), 1);
  assert.equal((await broker.restoreOrphans()).restored, 1);
  assert.deepEqual(await popAll(broker), ["a"]);
  assert.equal(await world.peer.hlen("unacked"), 3);
  assert.equal((await broker.inspect("q")).unacked.count, 0);
});

it("a hundred entries that nobody can read do not keep the others from being given back", async (world) => {
  const broker = await world.open();
  for (let i = 0; i < 250; i++) {
    await world.peer.hset("unacked", `odd ${i}`, "no JSON");
    await world.peer.zadd("unacked_index", 1000 + i, `odd ${i}`);
  }
  await playHeldByPython(world, aTask({ id: "oldest" }), 1);
  await playHeldByPython(world, aTask({ id: "between" }), 1100.5);
  await playHeldByPython(world, aTask({ id: "newest" }), 2000);
  assert.equal((await broker.restoreOrphans()).restored, 3);
  assert.deepEqual(await popAll(broker), ["oldest", "between", "newest"]);
  assert.equal((await broker.restoreOrphans()).restored, 0);
  assert.equal(await world.peer.hlen("unacked"), 250);
});

it("what one dead holder took in batches comes back in its old order, hundreds of messages too", async (world) => {
  const broker = await world.open();
  const ids = Array.from({ length: 350 }, (_, i) => `task ${i}`);
  await Promise.all(ids.map((id) => broker.publish("q", aTask({ id }))));
  const tags: string[] = [];
  for (
    let taken = await broker.pop(["q"], { max: 150 });
    taken.length > 0;
    taken = await broker.pop(["q"], { max: 150 })
  ) {
    tags.push(...taken.map(({ tag }) => tag));
  }
  assert.ok((await broker.renew(tags)).values().every((answer) => answer === "RENEWED"));
  // Everybody's clock goes on by an hour.
  for (const set of ["unacked_index", "cdt:leases"]) {
    const members = await world.peer.zrange(set, "0", "-1");
    for (const tag of members) await world.peer.zincrby(set, -3600, tag);
  }
  await broker.publish("q", aTask({ id: "came meanwhile" }));
  assert.equal((await (await world.open()).restoreOrphans()).restored, ids.length);
  assert.deepEqual(await popAll(broker), [...ids, "came meanwhile"]);
});

it("deaths are still known after a peer has had the message", async (world) => {
  const broker = await world.open();
  await broker.publish("q", aTask({ id: "a" }));
  await broker.requeue((await popOne(broker)).tag, { death: true });
  const { tag, deaths } = await popOne(broker);
  assert.equal(deaths, 1);
  await playKombuRestoreAndPop(world, tag);
  await playKombuRestore(world, tag);
  const again = await popOne(broker);
  assert.equal(again.deaths, 1);
  await world.endLease(again.tag);
  await broker.restoreOrphans();
  assert.equal((await popOne(broker)).deaths, 2);
});

it("a peer that gave back what was parked and took it has it: our list of parked ones takes nothing from it", async (world) => {
  const broker = await world.open();
  await broker.publish("q", aTask({ id: "a" }));
  const { tag } = await popOne(broker);
  await broker.park(tag, new Date(Date.now() + 3_600_000));
  const entry = await playKombuRestoreAndPop(world, tag);
  await world.peer.zadd("cdt:parked", 1, tag);
  assert.deepEqual(await broker.restoreOrphans(), { restored: 0, due: 0, nextDue: undefined });
  assert.equal(await world.peer.hget("unacked", tag), entry);
});

it("two copies of one message, routed to two queues, are held side by side", async (world) => {
  const broker = await world.open();
  const twin = aTask({ id: "a" });
  await broker.publish("q", twin);
  await broker.publish("r", twin);
  const [one, other] = [await popOne(broker), await popOne(broker, "r")];
  assert.notEqual(one.tag, other.tag);
  assert.equal(await broker.acknowledge(one.tag), "DONE");
  assert.equal(await broker.requeue(other.tag), "DONE");
  assert.deepEqual(await popAll(broker, ["r"]), ["a"]);
});

it("bytes that are no UTF-8 never reach unacked as they are, and come back unchanged", async (world) => {
  const broker = await world.open();
  const raw = Buffer.from(JSON.stringify(aTask({ id: "caf_" })).replace("caf_", "caf\xe9"), "latin1");
  await world.peer.lpush("q", raw);
  const held = await popOne(broker);
  assert.match((await world.peer.hget("unacked", held.tag))!, /^[\x20-\x7e]+$/);
  assert.equal(await broker.requeue(held.tag), "DONE");
  assert.deepEqual(await world.peer.lindexBuffer("q", 0), raw);
});

it("a blocked BRPOP beside our waiting gets the message, and waiting changes no order", async (world, t) => {
  const broker = await world.open();
  const python = world.peer.duplicate({ lazyConnect: true });
  await python.connect();
  t.after(() => python.disconnect());
  for (const first of ["we", "python"]) {
    const ours = first === "we" ? broker.wait(["q"], 60_000, t.signal) : undefined;
    if (ours) await until(async () => / flags=t .* cmd=exists /.test(String(await world.peer.client("LIST"))));
    const theirs = python.brpop("q", "q\x06\x163", "q\x06\x166", "q\x06\x169", 60);
    await untilBlocked(world, "brpop", 1);
    await Promise.all([broker.publish("q", aTask({ id: first })), ours]);
    assert.equal(JSON.parse((await theirs)![1]).headers.id, first);
  }
  for (const id of ["a", "b", "c"]) await broker.publish("q", aTask({ id }));
  for (let i = 0; i < 5; i++) await broker.wait(["q"], 60_000, t.signal);
  assert.deepEqual(await popAll(broker), ["a", "b", "c"]);
});

it("consumers are unknown, not 0, where a peer may listen", async (world, t) => {
  const broker = await world.open();
  const python = world.peer.duplicate({ lazyConnect: true });
  await python.connect();
  t.after(() => python.disconnect());
  const gossip = await broker.listen({ exchange: "celeryev", routingKey: "worker.#", queue: "ours" }, () => {});
  assert.equal((await broker.inspect("q")).consumers, 0, "what we listen to ourselves does not count");
  await python.psubscribe("/0.celery.pidbox");
  assert.equal((await broker.inspect("q")).consumers, undefined);
  await broker.announce("ours", ["q"], 60_000);
  assert.equal((await broker.inspect("q")).consumers, 1);
  await broker.withdraw("ours");
  await gossip.stop();
  await python.punsubscribe();
  const silent = python.brpop("elsewhere", 60);
  await untilBlocked(world, "brpop", 1);
  assert.equal((await broker.inspect("q")).consumers, undefined);
  await world.peer.lpush("elsewhere", "x");
  await silent;
  assert.equal((await broker.inspect("q")).consumers, undefined, "it may be busy with what it got");
  python.disconnect();
  await until(async () => !/ cmd=brpop /.test(String(await world.peer.client("LIST"))));
  assert.equal((await broker.inspect("q")).consumers, 0);
});

it("beyond the scan's limit counts say at least, and every id counts as held", async (world) => {
  const broker = await world.open({ scanLimit: 500 });
  const pipeline = world.peer.pipeline();
  for (let i = 0; i < 1200; i++) {
    pipeline.hset("unacked", `tag ${i}`, JSON.stringify([aTask({ id: `held ${i}` }), "", "q"]));
    pipeline.lpush("r", JSON.stringify(aTask({ id: `waiting ${i}` })));
  }
  await pipeline.exec();
  const { unacked } = await broker.inspect("q");
  assert.ok(unacked.atLeast && unacked.count >= 500 && unacked.count < 1200, JSON.stringify(unacked));
  assert.deepEqual([...(await broker.holds("r", ["unknown"]))], ["unknown"]);
  const patient = await world.open();
  assert.deepEqual((await patient.inspect("q")).unacked, { count: 1200, atLeast: false });
  const found = await patient.holds("r", ["waiting 0", "waiting 1199", "unknown"]);
  assert.deepEqual([...found].sort(), ["waiting 0", "waiting 1199"]);
  assert.deepEqual([...(await patient.holds("q", ["held 7", "unknown"]))], ["held 7"]);
});

/** kombu 5.6's restore by tag: the message it wrote is parsed and written anew, so its bytes differ and its members do not. */
async function playKombuRestore(world: RedisWorld, tag: string): Promise<void> {
  const [message, , key] = JSON.parse((await world.peer.hget("unacked", tag))!);
  message.headers.redelivered = true;
  message.properties.delivery_info.redelivered = true;
  await world.peer.multi().zrem("unacked_index", tag).hdel("unacked", tag).rpush(key, JSON.stringify(message)).exec();
}

/** Answers the entry that the peer wrote. */
async function playKombuRestoreAndPop(world: RedisWorld, tag: string): Promise<string> {
  await playKombuRestore(world, tag);
  const raw = (await world.peer.rpop("q"))!;
  const [seconds, microseconds] = await world.peer.time();
  const entry = JSON.stringify([JSON.parse(raw), "", "q"]);
  await world.peer
    .multi()
    .zadd("unacked_index", String(Number(seconds) + Number(microseconds) / 1e6), tag)
    .hset("unacked", tag, entry)
    .exec();
  return entry;
}

async function playHeldByPython(
  world: RedisWorld,
  message: ReturnType<typeof aTask>,
  takenAt: number,
  exchange = "",
  key = "q",
): Promise<Delivery["tag"]> {
  const tag = message.properties.delivery_tag;
  await world.peer.zadd("unacked_index", takenAt, tag);
  await world.peer.hset("unacked", tag, JSON.stringify([message, exchange, key]));
  return tag;
}

async function untilBlocked(world: RedisWorld, command: string, clients: number): Promise<void> {
  await until(async () => {
    const lines = String(await world.peer.client("LIST")).split("\n");
    return lines.filter((line) => line.includes(` cmd=${command} `) && / flags=\w*b/.test(line)).length >= clients;
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}
