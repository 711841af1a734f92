import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { type RedisSubscriber, redisSubscriber } from "../../src/broker/redis-subscriber.ts";

const skip = without("redis-server");
const it = (story: string, tell: (t: TestContext) => Promise<void>) => test(story, { skip, timeout: 120_000 }, tell);

it("a channel and a pattern are heard, each by all who listen, until they stop", async (t) => {
  const { server, subscriber } = await startWorld(t);
  const heard: string[] = [];
  const listen = (who: string) => (raw: string, channel: string) => void heard.push(`${who} ${channel} ${raw}`);
  const stops = [
    await subscriber.subscribe("/0.celery.pidbox", listen("one")),
    await subscriber.subscribe("/0.celery.pidbox", listen("two")),
    await subscriber.subscribe({ pattern: "/0.celeryev/*" }, listen("events")),
  ];
  await server.cli("PUBLISH", "/0.celery.pidbox", "héllo");
  await server.cli("PUBLISH", "/0.celeryev/worker.heartbeat", "{}");
  await server.cli("PUBLISH", "/0.celeryev", "nobody");
  await subscriber.subscribe("end", listen("end"));
  await server.cli("PUBLISH", "end", "1");
  await until(() => heard.length === 4);
  assert.deepEqual(heard.splice(0), [
    "one /0.celery.pidbox héllo",
    "two /0.celery.pidbox héllo",
    "events /0.celeryev/worker.heartbeat {}",
    "end end 1",
  ]);

  await stops[0]!();
  await stops[0]!();
  await server.cli("PUBLISH", "/0.celery.pidbox", "again");
  await until(() => heard.length === 1);
  assert.deepEqual(heard, ["two /0.celery.pidbox again"]);
  for (const stop of stops) await stop();
  assert.equal(await server.cli("PUBSUB", "CHANNELS"), "end");
  assert.equal(await server.cli("PUBSUB", "NUMPAT"), "0");
});

it("the same function that listens twice is called twice, and each can be stopped by itself", async (t) => {
  const { server, subscriber } = await startWorld(t);
  let calls = 0;
  const listener = () => void calls++;
  const [first] = await Promise.all([subscriber.subscribe("c", listener), subscriber.subscribe("c", listener)]);
  await server.cli("PUBLISH", "c", "1");
  await until(() => calls === 2);
  await first();
  await server.cli("PUBLISH", "c", "2");
  await until(() => calls === 3);
  assert.equal(await server.cli("PUBSUB", "NUMSUB", "c"), "c\n1");
});

it("after a loss everything is subscribed to again, and told of", async (t) => {
  const { server, subscriber } = await startWorld(t);
  const heard: string[] = [];
  let resubscribed = 0;
  subscriber.onResubscribed(() => resubscribed++);
  for (const channel of ["a", "b", "gone"]) {
    const stop = await subscriber.subscribe(channel, (raw) => heard.push(`${channel} ${raw}`));
    if (channel === "gone") await stop();
  }
  await subscriber.subscribe({ pattern: "p*" }, (raw, channel) => heard.push(`${channel} ${raw}`));
  assert.equal(resubscribed, 0);
  const lost = new Promise((resolve) => subscriber.onLost(resolve));
  await server.stop("SIGKILL");
  await lost;
  await assert.rejects(
    subscriber.subscribe("late", () => {}),
    { code: "CDT-REDIS-UNREACHABLE" },
  );
  await server.restart();
  await until(() => resubscribed === 1);
  assert.deepEqual((await server.cli("PUBSUB", "CHANNELS")).split("\n").sort(), ["a", "b"]);
  for (const channel of ["a", "b", "px"]) await server.cli("PUBLISH", channel, "1");
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ["a 1", "b 1", "px 1"]);
});

it("a subscription that the user of Redis may not have is refused, and nothing is left of it", async (t) => {
  const { server } = await startWorld(t);
  await server.cli("ACL", "SETUSER", "worker", "on", "nopass", "~*", "resetchannels", "&allowed", "+@all");
  const subscriber = redisSubscriber({ host: server.host, port: server.port, username: "worker" });
  t.after(() => subscriber.close());
  await assert.rejects(
    subscriber.subscribe("forbidden", () => {}),
    { code: "CDT-REDIS-NOT-PERMITTED" },
  );
  const heard: string[] = [];
  await subscriber.subscribe("allowed", (raw) => heard.push(raw));
  const back = new Promise<void>((resolve) => subscriber.onResubscribed(resolve));
  await server.cli("CLIENT", "KILL", "TYPE", "pubsub");
  await back;
  await server.cli("PUBLISH", "allowed", "1");
  await until(() => heard.length === 1);
});

async function startWorld(t: TestContext): Promise<{ server: TestRedis; subscriber: RedisSubscriber }> {
  const server = await startRedis(t);
  const subscriber = redisSubscriber({ host: server.host, port: server.port });
  t.after(() => subscriber.close());
  return { server, subscriber };
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 10));
}
