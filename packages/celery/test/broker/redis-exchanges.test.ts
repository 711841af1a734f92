import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import type { Broker, QueueDeclaration } from "../../src/broker/broker.ts";
import { aTask, popAll, popOne } from "./broker.conformance.ts";
import { type RedisWorld, startRedisWorld } from "./redis-world.ts";

const skip = without("redis-server");
const it = (story: string, tell: (world: RedisWorld, t: TestContext) => Promise<void>) =>
  test(story, { skip, timeout: 120_000 }, async (t) => await tell(await startRedisWorld(t), t));

it("a fanout queue that nobody takes from keeps the newest, and says that others are gone", async (world) => {
  const [slow, producer] = [await world.open(), await world.open()];
  await slow.declare([news]);
  await slow.pop(["mine"]);
  let gone = 0;
  const overflown = new Promise<void>((resolve) => {
    slow.on("overflown", (queue) => {
      assert.equal(queue, "mine");
      if (++gone === 5) resolve();
    });
  });
  const ids = Array.from({ length: 10_005 }, (_, i) => `task ${i}`);
  await Promise.all(ids.map((id) => producer.broadcast("news", "", aTask({ id }))));
  await overflown;
  assert.equal((await popOne(slow, "mine")).envelope?.headers.id, "task 5");
});

it("after all connections were cut fanout queues and listeners hear again, and bindings of every kind are back", async (world) => {
  const [broker, producer] = [await world.open(), await world.open()];
  const jobs: QueueDeclaration = { name: "errors", exchange: "logs", exchangeType: "topic", routingKey: "*.error" };
  await broker.declare([news, jobs, "q"]);
  await broker.pop(["mine"]);
  const heard: string[] = [];
  await broker.listen({ exchange: "events", routingKey: "worker.#", queue: "listener" }, (raw) => heard.push(raw));
  const bindings = async () => {
    const keys = (await world.peer.keys("_kombu.binding.*")).sort();
    return await Promise.all(keys.map(async (key) => [key, await world.peer.smembers(key)]));
  };
  const before = await bindings();
  assert.deepEqual(before, [
    ["_kombu.binding.events", ["worker.#\x06\x16\x06\x16listener"]],
    ["_kombu.binding.logs", ["*.error\x06\x16^.*?[^\\.]\\.error$\x06\x16errors"]],
    ["_kombu.binding.news", ["\x06\x16\x06\x16mine"]],
    ["_kombu.binding.q", ["q\x06\x16\x06\x16q"]],
  ]);

  await world.peer.flushall();
  const back = [broker, producer].map(connectedAgain);
  await world.peer.call("CLIENT", "KILL", "TYPE", "pubsub");
  await world.peer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await Promise.all(back);
  assert.deepEqual(await bindings(), before);
  while ((await producer.broadcast("news", "", aTask({ id: "again" }))) === 0);
  while ((await producer.broadcast("events", "worker.online", aTask())) === 0);
  while (heard.length === 0) await new Promise(setImmediate);
  assert.deepEqual(await popAll(broker, ["mine"]), ["again"]);
});

it("a broker that is closed takes the bindings of its fanout queues away, and leaves the others", async (world) => {
  const broker = await world.open();
  await broker.declare([news, "q"]);
  await broker.pop(["mine"]);
  await broker.openMailbox("reply.celery.pidbox", "oid");
  await broker.close();
  assert.deepEqual(await world.peer.keys("_kombu.binding.*"), ["_kombu.binding.q"]);
});

it("one message that Redis refuses does not take the others of its turn with it", async (world) => {
  const broker = await world.open();
  await world.peer.set("no-list", "a text");
  const sent = await Promise.allSettled(
    ["q", "no-list", "q"].map((queue, i) => broker.publish(queue, aTask({ id: `${i}` }))),
  );
  assert.deepEqual(
    sent.map((one) => (one.status === "rejected" ? one.reason.code : "sent")),
    ["sent", "CDT-REDIS-WRONG-TYPE", "sent"],
  );
  assert.deepEqual(await popAll(broker), ["0", "2"]);
});

const news: QueueDeclaration = { name: "mine", exchange: "news", exchangeType: "fanout", routingKey: "" };

function connectedAgain(broker: Broker): Promise<void> {
  return new Promise((resolve) => broker.on("connected", resolve));
}
