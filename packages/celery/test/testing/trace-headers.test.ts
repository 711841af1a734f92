import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, signature, task } from "../../src/index.ts";
import { worldFor } from "./world-for.ts";

const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "site=cologne" };

test("W3C trace headers reach the task, its next try, and all that it leads to; a header of one's own goes before", async (t) => {
  const step = task("step", async ({ request: { retries }, retry }) => {
    if (retries === 0) retry({ countdown: 60 });
  });
  const leaf = task("leaf", async () => "leaf");
  const root = task("root", async (context) => {
    await context.send("elsewhere", "leaf", { headers: { tracestate: "other=1" } });
    await context.apply(chain(signature(step), signature(leaf).set({ headers: { mine: "kept" } })));
  });
  const world = await worldFor(t, { tasks: [root, step, leaf] });
  await world.runWith(root, { headers: trace });
  await world.drain();
  const headers = world.sent.map(({ name, retries, headers: { traceparent, tracestate, mine } }) => {
    return { name, retries, traceparent, tracestate, mine };
  });
  const { traceparent } = trace;
  const passed = { ...trace, mine: undefined };
  assert.deepEqual(headers, [
    { name: "root", retries: 0, ...passed },
    { name: "leaf", retries: 0, traceparent, tracestate: "other=1", mine: undefined },
    { name: "step", retries: 0, ...passed },
    { name: "step", retries: 1, ...passed },
    { name: "leaf", retries: 0, ...trace, mine: "kept" },
  ]);
});

test("without trace headers nothing is added to what a task sends", async (t) => {
  const root = task("root", async (context) => void (await context.send("elsewhere", "root2")));
  const world = await worldFor(t, { tasks: [root] });
  await world.run(root);
  await world.drain();
  assert.ok(world.sent.every(({ headers }) => !("traceparent" in headers)));
});
