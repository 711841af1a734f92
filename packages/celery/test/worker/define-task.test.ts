import assert from "node:assert/strict";
import { test } from "node:test";
import { task } from "../../src/index.ts";
import { queue, startWorld } from "./world.ts";

const add = task("add", async (_context, x: number, y: number) => x + y, { parameters: ["x", "y"] });

test("a plain function with typed arguments is a task; keyword arguments find their places", async (t) => {
  const world = await startWorld(t);
  await world.work([add]);
  const calls = [{ args: [2, 3] }, { args: [2], kwargs: { y: 3 } }, { kwargs: { y: 3, x: 2 } }];
  for (const call of calls) {
    assert.equal((await world.ended(await world.client.send(queue, "add", call))).result, 5);
  }
});

test("arguments that do not fit fail the task as Python's TypeError, before it runs", async (t) => {
  const world = await startWorld(t);
  let runs = 0;
  const strict = task("strict", async (_context, name: string) => `${++runs}${name}`, { schema: onlyTexts });
  await world.work([add, strict, task("bare", async () => null)]);
  const failures: [string, object, RegExp][] = [
    ["add", { kwargs: { z: 1 } }, /unexpected keyword argument 'z'/],
    ["add", { args: [1], kwargs: { x: 1 } }, /multiple values for argument 'x'/],
    ["bare", { kwargs: { x: 1 } }, /takes no keyword arguments/],
    ["strict", { args: [7] }, /strict\(\): argument 0: must be a text/],
  ];
  for (const [name, call, message] of failures) {
    const { status, result } = await world.ended(await world.client.send(queue, name, call));
    const { exc_type, exc_module, exc_message } = result as { [key: string]: string };
    assert.deepEqual([status, exc_type, exc_module], ["FAILURE", "TypeError", "builtins"]);
    assert.match(String(exc_message), message);
  }
  assert.equal(runs, 0);
  assert.equal((await world.ended(await world.client.send(queue, "strict", { args: ["x"] }))).result, "1x");
});

/** A schema as libraries make them, written by hand. */
const onlyTexts = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate(value: unknown) {
      const [first] = value as unknown[];
      if (typeof first === "string") return { value: [first] as [string] };
      return { issues: [{ message: "must be a text", path: [0] }] };
    },
  },
};
