import assert from "node:assert/strict";
import { test } from "node:test";
import { group, signature } from "../../src/canvas/compose.ts";
import { resultTuple } from "../../src/results/result-tuple.ts";
import { taskMeta } from "../../src/results/task-meta.ts";
import { type CanvasWorld, canvasWorld, sums } from "./canvas-world.ts";

const add = (...args: number[]) => ({ ...signature("add", args) });
const builtin = (name: string, args: unknown[], kwargs: Record<string, unknown> = {}) =>
  signature(`celery.${name}`, args, { kwargs });

async function outcomeOf(world: CanvasWorld, canvas: ReturnType<typeof signature>): Promise<unknown> {
  const { id } = await world.apply(canvas);
  await world.work();
  return world.outcome(id);
}

test("map and starmap run a task of this worker for each item; one that is not here fails", async () => {
  const world = canvasWorld(sums);
  const total = { ...signature("total") };
  assert.deepEqual(await outcomeOf(world, builtin("map", [total, [[1, 2], [3]]])), [3, 3]);
  assert.deepEqual(await outcomeOf(world, builtin("starmap", [], { task: add(), it: [[1, 2]] })), [3]);
  assert.match(String(await outcomeOf(world, builtin("map", [{ ...signature("fail") }, ["no"]]))), /ValueError: no/);
  assert.match(String(await outcomeOf(world, builtin("starmap", [add(), [1]]))), /MalformedCanvas/);
});

test("chunks sends a group of starmaps, and answers what it leads to", async () => {
  const world = canvasWorld(sums);
  const pairs = [1, 2, 3, 4, 5].map((n) => [n, n]);
  const outcome = (await outcomeOf(world, builtin("chunks", [add(), pairs, 2]))) as [unknown, [[string, null], null][]];
  const [, members] = outcome;
  assert.deepEqual(await Promise.all(members.map(([[id]]) => world.outcome(id))), [[2, 4], [6, 8], [10]]);
  for (const size of [0, 1.5, "2"]) {
    assert.match(String(await outcomeOf(world, builtin("chunks", [add(), pairs, size]))), /MalformedCanvas: n:/);
  }
});

test("a group and a chord that come as tasks, as from old clients, are sent", async () => {
  const world = canvasWorld(sums);
  const tasks = [add(1), add(2)].map((task, index) => ({ ...task, options: { task_id: `member ${index}` } }));
  const result = resultTuple("a group", null, [resultTuple("member 0"), resultTuple("member 1")]);
  assert.deepEqual(await outcomeOf(world, builtin("group", [tasks, result, "a group", [10]])), result);
  assert.deepEqual([await world.outcome("member 0"), await world.outcome("member 1")], [11, 12]);

  const body = { ...signature("total", [], { id: "the body" }) };
  const header = [add(1), { ...group(add(2), add(3)) }];
  await outcomeOf(world, builtin("chord", [header, body], { partial_args: [10] }));
  assert.equal(await world.outcome("the body"), 36);
});

test("accumulate answers one of its arguments, or all", async () => {
  const world = canvasWorld(sums);
  assert.deepEqual(await outcomeOf(world, builtin("accumulate", [[1, 2], 3], { index: 0 })), [1, 2]);
  assert.deepEqual(await outcomeOf(world, builtin("accumulate", [1, 2])), [1, 2]);
});

test("chord_unlock waits until all results are there, and sends the body, or fails it", async () => {
  const world = canvasWorld(sums);
  const members = [resultTuple("a"), resultTuple("inner", null, [resultTuple("b"), resultTuple("c")])];
  const unlock = (id: string) => {
    const body = { ...signature("list", [], { id, linkError: [signature("list", ["errback"])] }) };
    return builtin("chord_unlock", ["a group", body], { result: members });
  };
  const store = (id: string, state: string, result: unknown) => world.results.store(taskMeta({ id }, state, result));
  await store("a", "SUCCESS", 1);
  await store("b", "SUCCESS", 2);
  assert.match(String(await outcomeOf(world, unlock("early"))), /to be tried again/);
  assert.equal(await world.outcome("early"), "PENDING");
  await store("c", "SUCCESS", 3);
  await outcomeOf(world, unlock("in time"));
  assert.deepEqual(await world.outcome("in time"), [[1, [2, 3]]]);

  await world.results.forget("b");
  await store("b", "FAILURE", { exc_type: "ValueError", exc_message: ["no"], exc_module: "builtins" });
  await outcomeOf(world, unlock("failed"));
  assert.equal(await world.outcome("failed"), "FAILURE ChordError: Dependency b raised ValueError('no')");
  assert.deepEqual(world.runs.at(-1)?.args, ["failed", "errback"]);
});

test("a chain is no task, and cleaning up is Redis' own business", async () => {
  const world = canvasWorld(sums);
  assert.match(String(await outcomeOf(world, builtin("chain", []))), /NotImplementedError/);
  assert.equal(await outcomeOf(world, builtin("backend_cleanup", [])), null);
});
