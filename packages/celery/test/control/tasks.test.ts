import assert from "node:assert/strict";
import { test } from "node:test";
import { node, plain, startControlWorld } from "./control-world.ts";
import { aRequest } from "./plain-inside.ts";

test("revoke flags one id or a list, and has the worker drop what waits", async (t) => {
  const { control, inside, revoked } = await startControlWorld(t);
  assert.deepEqual(plain(await control.revoke("a")), { [node]: { ok: "tasks a flagged as revoked" } });
  assert.deepEqual(plain(await control.revoke(["b", "c", "b"])), { [node]: { ok: "tasks b, c flagged as revoked" } });
  assert.deepEqual(inside.done, [
    ["revoke", ["a"], undefined],
    ["revoke", ["b", "c"], undefined],
  ]);
  assert.deepEqual(plain(await control.inspect.revoked()), { [node]: ["a", "b", "c"] });
  assert.equal(revoked.isRevoked({ id: "b", stamps: {} }), true);
  assert.equal(revoked.isRevoked({ id: "d", stamps: {} }), false);
});

test("revoking to terminate names the tasks that were known, by the signal asked for in any of its forms", async (t) => {
  const { control, inside } = await startControlWorld(t);
  inside.held = [aRequest("a", "active"), aRequest("b", "active")];
  assert.deepEqual(plain(await control.terminate("x")), { [node]: { ok: "terminate: tasks unknown" } });
  const terminate = { terminate: true };
  assert.deepEqual(plain(await control.revoke(["a", "b", "x"], { ...terminate, signal: "KILL" })), {
    [node]: { ok: "terminate: a, b" },
  });
  await control.broadcast("terminate", { task_id: "a", signal: "SIGINT" });
  await control.broadcast("revoke", { task_id: "a", terminate: true, signal: 10 });
  await control.broadcast("revoke", { task_id: "a", terminate: true, signal: null });
  // As Flower asks.
  await control.broadcast("revoke", { task_id: "a", terminate: 1, signal: "SIGTERM" });
  assert.deepEqual(
    inside.done.map(([, , signal]) => signal),
    ["TERM", "KILL", "INT", "USR1", "TERM", "TERM"],
  );
  assert.deepEqual(plain(await control.revoke("a", { ...terminate, signal: "SIGNONE" })), {
    [node]: { error: "ValueError('SIGNONE is no signal')" },
  });
});

test("tasks are revoked by their stamps, those held and those to come", async (t) => {
  const { control, inside, revoked } = await startControlWorld(t);
  inside.held = [
    aRequest("a", "active", { stamps: { night: ["n1", "n2"] } }),
    aRequest("b", "reserved", { stamps: { night: "n3" } }),
    aRequest("c", "reserved", { stamps: { day: "n1" } }),
  ];
  assert.deepEqual(plain(await control.revokeByStampedHeaders({ night: ["n2", "n3"] })), {
    [node]: { ok: "headers {'night': ['n2', 'n3']} flagged as revoked, but not terminated" },
  });
  const terminate = { terminate: true };
  assert.deepEqual(plain(await control.revokeByStampedHeaders({ night: "n1" }, terminate)), {
    [node]: { ok: "headers {'night': ['n1']} revoked" },
  });
  assert.deepEqual(plain(await control.revokeByStampedHeaders({ night: "n9" }, terminate)), {
    [node]: { ok: "headers {'night': ['n9']} were not terminated" },
  });
  // As the command line sends them.
  await control.broadcast("revoke_by_stamped_headers", { headers: ["day=n1"] });
  assert.deepEqual(inside.done, [
    ["revoke", ["a", "b"], undefined],
    ["revoke", ["a"], "TERM"],
    ["revoke", [], "TERM"],
    ["revoke", ["c"], undefined],
  ]);
  assert.equal(revoked.isRevoked({ id: "later", stamps: { night: "n1" } }), true);
  assert.equal(revoked.isRevoked({ id: "later", stamps: { day: ["n0", "n1"] } }), true);
  assert.equal(revoked.isRevoked({ id: "later", stamps: { day: "n2", night: 4 } }), false);
});

test("rate limits are set, taken away, and refused when they are none or for an unknown task", async (t) => {
  const { control, inside } = await startControlWorld(t);
  const replies = [
    await control.rateLimit("add", "5/m"),
    await control.rateLimit("add", "0"),
    await control.broadcast("rate_limit", { task_name: "add", rate_limit: 3 }),
    await control.rateLimit("add", "often"),
    await control.rateLimit("nobody.knows", "5/m"),
  ];
  assert.deepEqual(
    replies.map((reply) => plain(reply[node])),
    [
      { ok: "new rate limit set successfully" },
      { ok: "rate limit disabled successfully" },
      { ok: "new rate limit set successfully" },
      { error: "Invalid rate limit string: ValueError('often')" },
      { error: "unknown task" },
    ],
  );
  assert.deepEqual(inside.done.slice(0, 3), [
    ["setRateLimit", "add", "5/m"],
    ["setRateLimit", "add", "0"],
    ["setRateLimit", "add", "3"],
  ]);
});

test("time limits are set, and taken away where none is given", async (t) => {
  const { control, inside } = await startControlWorld(t);
  assert.deepEqual(plain(await control.timeLimit("add", { soft: 1.5, hard: 3 })), {
    [node]: { ok: "time limits set successfully" },
  });
  await control.timeLimit("add", { hard: 3 });
  assert.deepEqual(inside.done, [
    ["setTimeLimits", "add", { soft: 1.5, hard: 3 }],
    ["setTimeLimits", "add", { soft: undefined, hard: 3 }],
  ]);
  const unknown = await control.timeLimit("nobody.knows", { soft: 1 });
  const negative = await control.timeLimit("add", { soft: -1 });
  assert.deepEqual(plain([unknown[node], negative[node]]), [
    { error: "unknown task" },
    { error: "ValueError('soft is not a number of at least 0')" },
  ]);
});

test("a request without its argument, or with one of another type, is told so and changes nothing", async (t) => {
  const { control, inside, revoked } = await startControlWorld(t);
  const replies = [
    await control.broadcast("revoke"),
    await control.broadcast("revoke", { task_id: [1, {}] }),
    await control.broadcast("rate_limit", { rate_limit: "5/s" }),
    await control.broadcast("revoke_by_stamped_headers", { headers: "night" }),
  ];
  assert.deepEqual(
    replies.map((reply) => plain(reply[node])),
    [
      { error: `TypeError("revoke() missing 1 required positional argument: 'task_id'")` },
      { error: "ValueError('task_id is not a list of texts')" },
      { error: `TypeError("rate_limit() missing 1 required positional argument: 'task_name'")` },
      { error: "ValueError('headers are not an object, nor a list of name=value')" },
    ],
  );
  assert.deepEqual(inside.done, []);
  assert.deepEqual(revoked.ids(), []);
});
