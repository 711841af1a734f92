import assert from "node:assert/strict";
import { test } from "node:test";
import { revokedTasks } from "../../src/worker/revoked-tasks.ts";

const isRevoked = (tasks: ReturnType<typeof revokedTasks>, id: string) => tasks.isRevoked({ id, stamps: {} });

test("the oldest revokes go when there are too many, and one that is revoked again counts as new", () => {
  const tasks = revokedTasks({ max: 3 });
  for (const id of ["a", "b", "c", "a", "d"]) tasks.add(id);
  assert.deepEqual(tasks.ids(), ["c", "a", "d"]);
  assert.equal(isRevoked(tasks, "b"), false);
});

test("a revoke is forgotten when its time is over, and takes no more room", () => {
  let now = 1_000_000;
  const tasks = revokedTasks({ ttl: 10_000, now: () => now });
  tasks.add("a");
  tasks.addStamp("night", ["n1"]);
  now += 9_999;
  tasks.add("b");
  assert.deepEqual(tasks.ids(), ["a", "b"]);
  assert.equal(tasks.isRevoked({ id: "x", stamps: { night: ["n1"] } }), true);
  now += 1;
  assert.deepEqual(tasks.ids(), ["b"]);
  assert.equal(isRevoked(tasks, "a"), false);
  assert.equal(tasks.isRevoked({ id: "x", stamps: { night: ["n1"] } }), false);
});

test("what is told to others is the newest, with when it was revoked", () => {
  let now = 1_000_000;
  const tasks = revokedTasks({ now: () => now });
  for (const id of ["a", "b", "c"]) {
    tasks.add(id);
    now += 1_000;
  }
  assert.deepEqual(tasks.recent(2), [
    ["c", 1_002],
    ["b", 1_001],
  ]);
});

test("what others tell is taken over with its age, never from the future, and never younger than it was known", () => {
  const now = 20_000_000;
  const tasks = revokedTasks({ ttl: 10_000, now: () => now });
  tasks.add("known");
  tasks.merge([
    ["known", 19_995],
    ["new", 19_995],
    ["future", 30_000],
    ["over", 19_000],
  ]);
  assert.deepEqual(Object.fromEntries(tasks.recent(10)), { known: 20_000, new: 19_995, future: 20_000 });
});
