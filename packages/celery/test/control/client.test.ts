import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryBroker } from "../../src/broker/memory.ts";
import { MemoryBrokerHub } from "../../src/broker/memory-hub.ts";
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
  const replies = await control.ping({ limit: 4, timeout: 300 });
  assert.ok(Object.keys(replies).every((name) => name === node));
});

test("an asker leaves nothing behind", async (t) => {
  const hub = new MemoryBrokerHub();
  const { control } = await startControlWorld(t, { broker: memoryBroker({ hub }) });
  const before = [...hub.bindings].length;
  await control.ping();
  assert.equal([...hub.bindings].length, before);
});
