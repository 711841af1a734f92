import assert from "node:assert/strict";
import { test } from "node:test";
import { controlMethods } from "../../src/worker/control/methods.ts";
import { node, plain, startControlWorld } from "./control-world.ts";
import { aRequest } from "./plain-inside.ts";

const changing = controlMethods.filter(({ access }) => access === "full").map(({ name }) => name);
const looking = controlMethods.filter(({ access }) => access === "inspect").map(({ name }) => name);

test("a worker that may only be looked at refuses every method that changes something, and says so", async (t) => {
  const { control, inside, counted, logged, revoked } = await startControlWorld(t, { access: "inspect" });
  inside.held = [aRequest("a", "active")];
  assert.deepEqual(changing.sort(), [
    "add_consumer",
    "autoscale",
    "cancel_consumer",
    "disable_events",
    "election",
    "enable_events",
    "pool_grow",
    "pool_restart",
    "pool_shrink",
    "rate_limit",
    "revoke",
    "revoke_by_stamped_headers",
    "shutdown",
    "terminate",
    "time_limit",
  ]);
  for (const method of changing) {
    const { [node]: answer } = await control.broadcast(method, { task_id: "a", queue: "deep_sky", n: 1 });
    assert.deepEqual(plain(answer), {
      error: `${method} is refused: remote control of this worker is for looking only`,
    });
  }
  assert.deepEqual(inside.done, []);
  assert.deepEqual(revoked.ids(), []);
  assert.deepEqual(
    counted,
    changing.map((method) => ({ method, outcome: "refused" })),
  );
  const refusals = logged.filter(({ msg }) => msg === "remote control is refused");
  assert.deepEqual(
    refusals.map(({ method }) => method),
    changing,
  );
  assert.deepEqual(plain(await control.ping()), { [node]: { ok: "pong" } });
  assert.partialDeepStrictEqual(plain(await control.inspect.active()), { [node]: [{ id: "a" }] });
});

test("hello answers a worker that may only be looked at, but cannot revoke its tasks", async (t) => {
  const { control, revoked } = await startControlWorld(t, { access: "inspect" });
  revoked.add("ours");
  const replies = await control.inspect.hello("celery@stranger", { theirs: [12.5, "theirs"] });
  assert.deepEqual(Object.keys((replies[node] as { revoked: object }).revoked), ["ours"]);
  assert.deepEqual(revoked.ids(), ["ours"]);
});

test("with remote control off every method is refused, and each is logged once a minute at most", async (t) => {
  const { control, counted, logged } = await startControlWorld(t, { access: "off" });
  for (const method of [...looking, ...changing]) {
    const { [node]: answer } = await control.broadcast(method);
    assert.deepEqual(plain(answer), { error: `${method} is refused: remote control of this worker is off` });
  }
  await control.ping();
  await control.ping();
  assert.ok(counted.every(({ outcome }) => outcome === "refused"));
  assert.equal(counted.filter(({ method }) => method === "ping").length, 3);
  assert.equal(logged.filter(({ method }) => method === "ping").length, 1);
});
