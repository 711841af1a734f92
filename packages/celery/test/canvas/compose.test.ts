import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Canvas,
  chain,
  chord,
  chunks,
  group,
  immutableSignature,
  map,
  type ResultOf,
  signature,
  starmap,
  type TaskReference,
} from "../../src/canvas/compose.ts";
import { MalformedCanvas } from "../../src/canvas/malformed-canvas.ts";
import { plain } from "./canvas-world.ts";

test("a signature is what Python writes for it, and nothing more", () => {
  const made = signature("add", [1], {
    kwargs: { y: 2 },
    id: "an id",
    queue: "deep_sky",
    countdown: 5,
    eta: new Date("2026-01-02T03:04:05Z"),
    expires: new Date("2026-01-03T00:00:00Z"),
    timeLimit: 10,
    softTimeLimit: 8,
    ignoreResult: true,
    stamps: { night: "2026-01-02" },
    link: [signature("note")],
  });
  assert.deepEqual(plain(made), {
    task: "add",
    args: [1],
    kwargs: { y: 2 },
    options: {
      task_id: "an id",
      queue: "deep_sky",
      countdown: 5,
      eta: "2026-01-02T03:04:05+00:00",
      expires: "2026-01-03T00:00:00+00:00",
      time_limit: 10,
      soft_time_limit: 8,
      ignore_result: true,
      link: [{ task: "note", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false }],
      night: "2026-01-02",
      stamped_headers: ["night"],
    },
    subtask_type: null,
    immutable: false,
  });
  assert.deepEqual(structuredClone(made), plain(made));
});

test("each method answers another signature, and leaves the one it was asked of as it was", () => {
  const first = signature("add", [1]);
  const before = JSON.stringify(first);
  first.link(signature("a")).linkError(signature("b")).set({ queue: "q" }).partial([0], { y: 1 }).stamp({ s: 1 });
  assert.equal(JSON.stringify(first), before);
  const { args, kwargs } = signature("add", [2], { kwargs: { x: 1 } }).partial([1], { y: 2 });
  assert.deepEqual([args, kwargs], [[1, 2], { x: 1, y: 2 }]);
  assert.deepEqual(immutableSignature("add", [2]).partial([1]).args, [2]);
});

test("a partial is for all that begins at once, a step after that gets nothing of it", () => {
  const whole = chain(group(signature("a"), chord([signature("b")], signature("c"))), signature("d")).partial([7]);
  const text = JSON.stringify(whole);
  for (const [name, args] of Object.entries({ a: [7], b: [7], c: [], d: [] })) {
    assert.ok(text.includes(`{"task":"${name}","args":${JSON.stringify(args)}`), name);
  }
});

test("a stamp is on each task, on callbacks and errbacks too, and may not bear the name of an option", () => {
  const inner = signature("a").link(signature("b").linkError(signature("c")));
  const whole = chord([chain(inner, group(signature("d"), signature("e")))], signature("f")).stamp({ night: 1 });
  const stamped = JSON.stringify(whole.stamp({ site: "cologne" }));
  assert.equal(stamped.split('"night":1').length - 1, 6);
  assert.equal(stamped.split('"site":"cologne"').length - 1, 6);
  assert.equal(stamped.split('"stamped_headers":["night","site"]').length - 1, 6);
  assert.throws(() => signature("a").stamp({ queue: "q" }), MalformedCanvas);
  assert.throws(() => signature("a", [], { stamps: { task_id: "x" } }), MalformedCanvas);
});

test("what cannot be composed is refused at once", () => {
  assert.throws(() => chain(), MalformedCanvas);
  assert.throws(() => chunks("add", [[1, 2]], 0), MalformedCanvas);
  assert.throws(() => signature("a", [], { compression: "bzip2" }), { code: "CDT-UNENCODABLE-VALUE" });
});

test("the compiler knows arguments and results of tasks that tell their types", () => {
  const add: TaskReference<readonly [number, number], Promise<number>> = { name: "add" };
  const name: TaskReference<readonly [string], string> = { name: "name" };
  type Is<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
  const is = <A, B>(_canvas: Canvas<A>, _yes: Is<A, B>) => {};

  is<number, number>(signature(add, [1, 2]), true);
  is<number, number>(signature(add, [2]), true);
  is<string, string>(chain(signature(add, [1, 2]), signature(name)), true);
  is<[number, string], [number, string]>(group(signature(add, [1, 2]), signature(name, ["m31"])), true);
  is<string, string>(chord([signature(add, [1, 2])], signature(name)), true);
  is<string[], string[]>(map(name, ["m31", "m33"]), true);
  is<number[], number[]>(starmap(add, [[1, 2]]), true);
  is<number[][], number[][]>(chunks(add, [[1, 2]], 10), true);
  is<unknown, unknown>(signature("by name", [1, "anything"]), true);
  is<boolean, boolean>(signature<boolean>("by name"), true);
  const result: ResultOf<Canvas<number>> = 1;

  // @ts-expect-error a text is no number
  signature(add, ["1", 2]);
  // @ts-expect-error three are one too many
  signature(add, [1, 2, 3]);
  // @ts-expect-error what is immutable gets nothing from the task before
  immutableSignature(add, [2]);
  // @ts-expect-error pairs of numbers
  starmap(add, [[1, "2"]]);
  assert.equal(result, 1);
});
