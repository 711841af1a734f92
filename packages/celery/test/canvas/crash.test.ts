import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, group, immutableSignature, signature } from "../../src/canvas/compose.ts";
import type { Signature } from "../../src/canvas/signature.ts";
import { MemoryResultHub, memoryResults } from "../../src/results/memory.ts";
import type { ResultStore } from "../../src/results/results.ts";
import { BrokerAway, canvasWorld, type FakeContext, plain, sums } from "./canvas-world.ts";

const add = (...args: number[]) => signature("add", args);
const total = () => signature("total");
const note = (...args: unknown[]) => signature("list", args);

const tasks = { ...sums, become: ({ replace }: FakeContext) => replace(group(add(1, 1), chain(add(2, 2), add(1)))) };

const canvases: [story: string, canvas: () => Signature][] = [
  ["callbacks and a chain", () => chain(add(1, 1).link(note("a"), group(note("b"), note("c"))), add(2), add(3))],
  ["a chord of chains", () => chain(add(1, 1), group(add(1), chain(add(2), add(3))), total(), add(1))],
  ["chords within chords", () => chord([chord([add(1, 1), add(2, 2)], total()), add(3, 3)], chain(total(), add(1)))],
  ["a replacement", () => chain(immutableSignature("become").link(note("done")), note("next"))],
  [
    "a failure",
    () => chord([chain(add(1, 1), immutableSignature("fail", ["no"]), add(1)), add(1, 1)], total()).linkError(note()),
  ],
];

/** Where a worker may die: at each message that it sends, and at each call of the result store, before it and after it. */
const storeCalls = ["store", "startChord", "joinChord", "endChord", "saveGroup", "getGroup"] as const;

for (const [story, canvas] of canvases) {
  test(`${story}: wherever a worker dies, another comes to the same end and sends nothing under a new id`, async () => {
    const undisturbed = await run(canvas(), Number.POSITIVE_INFINITY);
    let deaths = 0;
    for (let step = 0; ; step++) {
      const disturbed = await run(canvas(), step);
      if (disturbed.steps <= step) break;
      deaths++;
      assert.deepEqual(disturbed.outcome, undisturbed.outcome, `dead at step ${step}`);
      assert.equal(disturbed.ids, undisturbed.ids, `dead at step ${step}`);
    }
    assert.ok(deaths > 10, `only ${deaths} ways to die`);
  });
}

test("what was sent with random ids is not sent anew when it comes again: the ids are those of the message", async () => {
  const world = canvasWorld(tasks);
  const callback = { ...note("callback") };
  await world.apply(add(1, 1).link(callback));
  const task = world.next();
  await world.workOnce(task);
  await world.workOnce(task);
  const [first, second] = [world.next().id, world.next().id];
  assert.equal(first, second);
  assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

/** Runs a canvas; at the given step the worker dies, and its message is delivered again. */
async function run(canvas: Signature, dieAt: number) {
  let steps = 0;
  const dies = () => {
    if (steps++ === dieAt) throw new BrokerAway();
  };
  const store = memoryResults(new MemoryResultHub());
  const results = { ...store } as ResultStore;
  for (const call of storeCalls) {
    results[call] = (async (...args: never[]) => {
      dies();
      const answer = await (store[call] as (...args: never[]) => Promise<unknown>)(...args);
      dies();
      return answer;
    }) as never;
  }
  let working = false;
  const world = canvasWorld(tasks, { results, beforeSend: () => working && dies() });
  const before = dieAt;
  dieAt = -1;
  const result = await world.apply(canvas);
  dieAt = before;
  steps = 0;
  working = true;
  while (world.messages.length > 0) {
    const task = world.next();
    await world.workOnce(task).catch((error: unknown) => {
      if (!(error instanceof BrokerAway)) throw error;
      return world.workOnce(task);
    });
  }
  // Ids that were made by the client differ from run to run; what they stand for does not.
  const outcome = plain(
    await Promise.all([result, ...(result.parent ? [result.parent] : [])].map((one) => one.state())),
  );
  const value = String(await world.outcome(result.id)).replaceAll(/[0-9a-f-]{36}/g, "<id>");
  return { outcome: [outcome, value], ids: new Set(world.runs.map(({ id }) => id)).size, steps };
}
