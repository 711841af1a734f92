import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker } from "../../src/broker/redis.ts";
import { createControl } from "../../src/client/control.ts";
import { plainEnvelope, readPlainMessage } from "../../src/message/plain-envelope.ts";
import { node, plain, startControlWorld } from "./control-world.ts";
import { plainInside } from "./plain-inside.ts";

test("an answer is there as soon as everybody who listens has replied, whatever the timeout", async (t) => {
  const { broker, control } = await startControlWorld(t);
  await startControlWorld(t, { broker, inside: plainInside("celery@lyra") });
  const began = performance.now();
  const replies = await control.ping({ timeout: 60_000 });
  assert.deepEqual(Object.keys(replies).sort(), ["celery@lyra", node]);
  assert.deepEqual(plain(await createControl({ broker, namespace: "nobody" }).ping({ timeout: 60_000 })), {});
  assert.ok(performance.now() - began < 30_000);
});

test("one worker's nonsense does not silence the others, and a reply to somebody else is none", async (t) => {
  const { broker, control } = await startControlWorld(t);
  await broker.listen({ exchange: "celery.pidbox", routingKey: "", queue: "broken" }, async (raw) => {
    const { reply_to: replyTo, ticket } = readPlainMessage(raw).body as Record<string, Record<string, string>>;
    const [exchange, routingKey] = [replyTo!.exchange!, replyTo!.routing_key!];
    const foreign = plainEnvelope({ exchange, routingKey, headers: { ticket: "other" }, body: { stranger: 1 } });
    await broker.answer(exchange, routingKey, { ...foreign, body: "bm8ganNvbg==" }, 1_000);
    await broker.answer(exchange, routingKey, foreign, 1_000);
    const late = plainEnvelope({ exchange, routingKey, headers: { ticket }, body: ["no", "object"] });
    await broker.answer(exchange, routingKey, late, 1_000);
  });
  assert.deepEqual(plain(await control.ping({ timeout: 300 })), { [node]: { ok: "pong" } });
});

test("an asker leaves nothing behind on the server, nor does a worker's reply that nobody waits for", {
  skip: without("redis-server"),
}, async (t) => {
  const redis = await startRedis(t);
  const broker = redisBroker({ host: redis.host, port: redis.port });
  const { control } = await startControlWorld(t, { broker });
  assert.deepEqual(plain(await control.ping({ timeout: 30_000 })), { [node]: { ok: "pong" } });
  assert.equal(await redis.cli("keys", "*reply*"), "");
  await broker.openMailbox("reply.celery.pidbox", "gone");
  const request = { method: "ping", ticket: "t", reply_to: { exchange: "reply.celery.pidbox", routing_key: "gone" } };
  const parts = { exchange: "celery.pidbox", routingKey: "", headers: {}, body: request };
  await broker.broadcast("celery.pidbox", "", plainEnvelope(parts));
  await control.ping({ timeout: 30_000 });
  const left = Number(await redis.cli("pttl", "gone.reply.celery.pidbox"));
  assert.ok(left > 0 && left <= 10_000, `the reply is kept for ${left} ms`);
});
