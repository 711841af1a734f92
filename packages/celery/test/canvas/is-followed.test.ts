import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, group, immutableSignature } from "../../src/canvas/compose.ts";
import { queue, startWorld } from "../worker/world.ts";

test("a task knows whether its message names what follows it, be it in a chain, a chord, or a callback", async (t) => {
  const world = await startWorld(t);
  const seen: Record<string, boolean> = {};
  const note = (name: string) => immutableSignature("note", [name], { queue });
  const run = async ({ request }: { request: { args: unknown[]; isFollowed: boolean } }) => {
    seen[String(request.args[0])] = request.isFollowed;
  };
  await world.work([{ name: "note", run }], { defaultQueue: queue });
  for (const canvas of [
    chain(note("first step"), note("last step")),
    chord([note("member of a chord")], note("body")),
    group(note("member of a group")),
    note("called back").linkError(note("errback")),
  ]) {
    await (await world.client.apply(canvas)).wait(AbortSignal.timeout(30_000));
  }
  assert.deepEqual(seen, {
    "first step": true,
    "last step": false,
    "member of a chord": true,
    body: false,
    "member of a group": false,
    "called back": true,
  });
});
