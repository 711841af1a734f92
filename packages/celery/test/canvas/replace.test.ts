import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, group, immutableSignature, signature } from "../../src/canvas/compose.ts";
import type { Signature } from "../../src/canvas/signature.ts";
import { canvasWorld, type FakeContext, plain, sums } from "./canvas-world.ts";

const add = (...args: number[]) => signature("add", args);
const note = (...args: unknown[]) => signature("list", args);

/** Tasks of which `become` puts the given signature in its place. */
function replacing(by: () => Signature) {
  return {
    ...sums,
    become: ({ replace }: FakeContext) => replace(by()),
  };
}

const become = () => immutableSignature("become");

const replacements: [story: string, by: () => Signature, value: unknown][] = [
  ["another task", () => add(20, 22), 42],
  ["a chain", () => chain(add(20, 20), add(1), add(1)), 42],
  ["a group", () => group(add(1, 1), add(2, 2)), [2, 4]],
  ["a chord", () => chord([add(20, 20), add(1, 1)], signature("total")), 42],
  ["a chain that ends in a group", () => chain(add(1, 1), group(add(1), add(2))), [3, 4]],
  [
    "a chord with a group for its body",
    () => chord([add(1, 1)], group(signature("total"), signature("list"))),
    [2, [[2]]],
  ],
  ["an id of its own", () => add(20, 22).set({ id: "mine" }), 42],
];

for (const [story, by, value] of replacements) {
  test(`a task that is replaced by ${story}: its id, callbacks, errbacks, chain and chord are taken over`, async () => {
    const world = canvasWorld(replacing(by));
    const replaced = chain(add(1, 1), become()).link(note("callback")).linkError(note("errback"));
    const result = await world.apply(chord([chain(replaced, note("next step")), add(5, 5)], signature("list")));
    await world.work();
    assert.deepEqual(plain(await result.wait(AbortSignal.timeout(10_000))), [[[value, "next step"], 10]]);
    const notes = world.runs.filter(({ name }) => name === "list").map(({ args }) => args);
    assert.equal(notes.filter(([, text]) => text === "callback").length, 1);
    assert.deepEqual(notes.find(([, text]) => text === "callback")?.[0], value);
    const { id } = world.runs.find(({ name }) => name === "become")!;
    assert.deepEqual(plain(await world.outcome(id)), value);
    assert.deepEqual(world.refused, []);
  });

  test(`a task that is replaced by ${story}: what fails then is the task's failure`, async () => {
    const world = canvasWorld({ ...replacing(by), add: sums.fail! });
    const result = await world.apply(chain(become().linkError(note("errback")), add(1)));
    await world.work();
    assert.match(String(await world.outcome(result.parent!.id)), /^FAILURE/);
    assert.match(String(await world.outcome(result.id)), /^FAILURE/);
    assert.ok(world.runs.some(({ name, args }) => name === "list" && args[1] === "errback"));
  });
}

test("a task may be replaced again and again; each time is counted, and new ids are made", async () => {
  let times = 0;
  const world = canvasWorld({
    ...sums,
    shrink: ({ replace, request }: FakeContext) => {
      assert.equal(request.replacedTaskNesting, times);
      if (++times === 4) return "small";
      return replace(chain(note(times), immutableSignature("shrink")));
    },
  });
  const result = await world.apply(signature("shrink"));
  await world.work();
  assert.equal(await world.outcome(result.id), "small");
  const ids = world.runs.filter(({ name }) => name === "list").map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
});

test("what gathers a group in a task's place goes to the queue from which the task came", async () => {
  const world = canvasWorld(replacing(() => group(add(1, 1), add(2, 2))));
  await world.apply(become());
  for (let runs = 0; runs < 3; runs++) await world.workOnce(world.next());
  assert.equal(world.messages[0]!.address, '"queue of the replaced"');
});

test("what cannot take a task's place is refused, and nothing is sent", async () => {
  const chordMember = { ...add(1, 1), options: { chord: { ...signature("total") } } };
  const emptyChain = { ...chain(add(1, 1)), kwargs: { tasks: [] } };
  for (const by of [chordMember, emptyChain, { ...add(1), args: 7 }, "add"]) {
    const world = canvasWorld(replacing(() => by as never));
    await world.apply(become());
    await assert.rejects(world.work(), { code: "CDT-MALFORMED-CANVAS" });
    assert.deepEqual(world.messages, []);
  }
});
