import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { aTask, popAll, popOne } from "./broker.conformance.ts";
import { type RedisWorld, startRedisWorld } from "./redis-world.ts";

const skip = without("redis-server");
const it = (story: string, tell: (world: RedisWorld, t: TestContext) => Promise<void>) =>
  test(story, { skip, timeout: 120_000 }, async (t) => await tell(await startRedisWorld(t), t));

it("dead letters without an id, as earlier versions wrote them, can be shown, sent back and dropped", async (world) => {
  const broker = await world.open();
  const letter = (id: string) => ({
    reason: "malformed",
    text: "odd",
    at: "2026-01-01T00:00:00.000Z",
    queue: "q",
    raw: JSON.stringify(aTask({ id })),
  });
  for (const id of ["a", "b"]) await world.peer.lpush("cdt:dead-letters", JSON.stringify(letter(id)));
  await broker.publish("q", aTask({ id: "c" }));
  await broker.deadLetter((await popOne(broker)).tag, "unknown-task", "nobody knows it");
  const [, b, a] = await broker.deadLetters();
  assert.match(a!.id, /^[0-9a-f]{12}$/);
  assert.deepEqual(await broker.findDeadLetter(a!.id), a);
  assert.equal(await broker.requeueDeadLetter(a!.id), true);
  assert.equal(await broker.dropDeadLetter(b!.id), true);
  assert.deepEqual(await popAll(broker), ["a"]);
  assert.equal((await broker.deadLetters()).length, 1);
});

it("of too many dead letters the oldest go, which is told; far down the list one is found", async (world) => {
  const broker = await world.open({ deadLetterLimit: 130 });
  const told: string[] = [];
  broker.on("overflown", (place) => told.push(place));
  const ids = Array.from({ length: 140 }, (_, i) => `task ${i}`);
  for (const id of ids) await broker.publish("q", aTask({ id }));
  for (const { tag } of await broker.pop(["q"], { max: 200 })) await broker.deadLetter(tag, "reason", "text");
  const letters = await broker.deadLetters(1000);
  assert.deepEqual(
    letters.map(({ raw }) => JSON.parse(raw).headers.id),
    ids.toReversed().slice(0, 130),
  );
  assert.deepEqual(told, Array(10).fill("dead letters"));
  const oldest = letters.at(-1)!;
  assert.deepEqual(await broker.findDeadLetter(oldest.id), oldest);
  assert.equal(await broker.dropDeadLetter(oldest.id), true);
  assert.equal((await broker.deadLetters(1000)).length, 129);
});
