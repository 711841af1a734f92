import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, group, immutableSignature, signature } from "../../src/canvas/compose.ts";
import { createContinuation } from "../../src/canvas/continuation.ts";
import type { PendingResult } from "../../src/client/client.ts";
import { celeryErrors } from "../../src/results/celery-errors.ts";
import { type CanvasWorld, canvasWorld, sums } from "./canvas-world.ts";

const add = (...args: number[]) => signature("add", args);
const fail = (text = "no") => signature("fail", [text]);
const failLater = () => immutableSignature("fail", ["no"]);
const total = () => signature("total");
const note = (...args: unknown[]) => signature("list", args);
const noted = (world: CanvasWorld) => world.runs.filter(({ name }) => name === "list").map(({ args }) => args);

test("errbacks are sent with the failed task's id; an immutable one gets nothing", async () => {
  const world = canvasWorld(sums);
  const { id } = await world.apply(fail().linkError(note("first"), immutableSignature("list", ["second"])));
  await world.work();
  assert.equal(await world.outcome(id), "FAILURE ValueError: no");
  assert.deepEqual(noted(world), [[id, "first"], ["second"]]);
});

test("the steps that will not run fail like the one that did, and nobody waits for them", async () => {
  const world = canvasWorld(sums);
  const canvas = chain(add(1, 1), failLater(), add(3), group(add(4), add(5)), total()).linkError(note());
  const result = await world.apply(canvas);
  await world.work();
  assert.deepEqual(
    world.runs.map(({ name }) => name),
    ["add", "fail", "list"],
  );
  await assert.rejects(result.wait(AbortSignal.timeout(10_000)), { taskId: result.id, traceback: "a traceback" });
  for (const one of [...allOf(result)].filter(({ members }) => members === undefined)) {
    const expected = one.id === world.runs[0]!.id ? 2 : "FAILURE ValueError: no";
    assert.deepEqual(await world.outcome(one.id), expected);
  }
  assert.deepEqual(noted(world), [[world.runs[1]!.id]]);
});

test("a chord whose member fails fails when all have ended, says who, and tells its body's errbacks", async () => {
  const world = canvasWorld(sums);
  const result = await world.apply(chord([add(1, 1), fail("it's"), add(2, 2)], total().linkError(note())));
  const culprit = result.parent!.members![1]!.id;
  for (let left = 3; left > 1; left--) await world.workOnce(world.next());
  assert.equal(await world.outcome(result.id), "PENDING");
  await world.work();
  assert.equal(await world.outcome(result.id), `FAILURE ChordError: Dependency ${culprit} raised ValueError("it's")`);
  assert.deepEqual(noted(world), [[result.id]]);
  assert.ok(!world.runs.some(({ name }) => name === "total"));
});

const failures: [story: string, canvas: () => ReturnType<typeof signature>][] = [
  ["a member of a chord within a chord", () => chord([chord([fail(), add(1, 1)], total()), add(1, 1)], total())],
  ["the body of a chord within a chord", () => chord([chord([add(1, 1)], failLater()), add(1, 1)], total())],
  ["the first step of a chain in a header", () => chord([chain(fail(), add(1)), add(1, 1)], total())],
  ["a step before a chord in a header", () => chord([chain(fail(), chord([add(1)], total())), add(1, 1)], total())],
  ["a step before a group in a header", () => chord([chain(fail(), group(add(1), add(2))), add(1, 1)], total())],
  ["a chord with steps after it", () => chain(chord([fail(), add(1, 1)], total()), add(1), add(2))],
  ["a chord in a chain", () => chain(add(1, 1), chord([add(1), failLater()], total()), add(1))],
  ["a chord whose body is a chain", () => chord([fail()], chain(total(), add(1), add(2)))],
  ["a chord whose body is a chord", () => chord([fail()], chord([total(), total()], total()))],
];

for (const [story, canvas] of failures) {
  test(`${story} fails: what waits for it fails, and the errback of the whole is told once`, async () => {
    const world = canvasWorld(sums);
    const result = await world.apply(canvas().linkError(note()));
    await world.work();
    assert.match(String(await world.outcome(result.id)), /^FAILURE (ChordError: Dependency|ValueError: no)/);
    assert.equal(noted(world).length, 1);
    for (const { id, members } of allOf(result)) {
      if (!members) assert.notEqual(await world.outcome(id), "PENDING");
    }
    assert.deepEqual(world.refused, []);
  });
}

test("each member of a body that is a group fails, and tells its own errbacks", async () => {
  const world = canvasWorld(sums);
  const body = group(total().linkError(note("one")), total().linkError(note("two")));
  const result = await world.apply(chord([fail()], body));
  await world.work();
  const ids = result.members!.map(({ id }) => id);
  assert.equal(await result.state(), "FAILURE");
  assert.deepEqual(noted(world), [
    [ids[0], "one"],
    [ids[1], "two"],
  ]);
});

test("a revoked task takes the rest of its chain and its chord with it, but calls no errbacks", async () => {
  const world = canvasWorld(sums);
  const inHeader = chain(add(1, 1).linkError(note()), add(1));
  const result = await world.apply(chord([inHeader, add(2, 2)], total()));
  const revoked = world.next();
  const error = celeryErrors.revoked("revoked");
  await createContinuation(world.services).failed(revoked, "REVOKED", error);
  await world.work();
  const last = result.parent!.members![0]!.id;
  assert.equal(await world.outcome(last), "REVOKED TaskRevokedError: revoked");
  assert.equal(
    await world.outcome(result.id),
    `FAILURE ChordError: Dependency ${last} raised TaskRevokedError('revoked')`,
  );
  assert.deepEqual(noted(world), []);
});

test("a body that cannot be sent fails with the reason, and the members have succeeded", async () => {
  const world = canvasWorld(sums);
  const body = total().linkError(note());
  Object.assign(body.options, { queue: 7 });
  const result = await world.apply(chord([add(1, 1), add(2, 2)], body));
  await world.work();
  assert.match(
    String(await world.outcome(result.id)),
    /^FAILURE ChordError: Callback error: .*option queue is not a text/,
  );
  assert.deepEqual(noted(world), [[result.id]]);
});

test("what is marked as never run keeps a success that is there, and nothing of what wants no result", async () => {
  const world = canvasWorld(sums);
  const result = await world.apply(chain(fail(), add(1).set({ ignoreResult: true }), add(2)));
  await world.work();
  assert.equal(await world.outcome(result.parent!.id), "PENDING");
  assert.equal(await world.outcome(result.id), "FAILURE ValueError: no");
});

/** A result, those that it follows, and all members. */
function* allOf(result: PendingResult | undefined): Generator<PendingResult> {
  if (!result) return;
  yield result;
  yield* allOf(result.parent);
  for (const member of result.members ?? []) yield* allOf(member);
}
