import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { readRevokes, writeRevokes } from "../../src/worker/control/exchanged-revokes.ts";
import { mingle } from "../../src/worker/control/mingle.ts";
import { LamportClock } from "../../src/worker/events/lamport-clock.ts";
import { revokedTasks } from "../../src/worker/revoked-tasks.ts";
import { node, startControlWorld } from "./control-world.ts";
import { plainInside } from "./plain-inside.ts";

const log = pino({ level: "silent" });

test("a worker that starts learns what is revoked and how late it is, and tells what it knows itself", async (t) => {
  const orion = await startControlWorld(t);
  const lyra = await startControlWorld(t, { broker: orion.broker, inside: plainInside("celery@lyra") });
  orion.revoked.add("by-orion");
  lyra.revoked.add("by-lyra");
  orion.clock.adjust(5_000);
  const revoked = revokedTasks();
  revoked.add("own");
  const clock = new LamportClock();
  const began = performance.now();
  await mingle({ broker: orion.broker, name: "celery@new", clock, revoked, log, timeout: 30_000 });
  assert.ok(performance.now() - began < 10_000, "it ends as soon as everybody has replied");
  assert.deepEqual(revoked.ids().sort(), ["by-lyra", "by-orion", "own"]);
  assert.ok(clock.value > 5_000);
  assert.deepEqual(orion.revoked.ids(), ["by-orion", "own"]);
});

test("a worker that is alone begins at once, one that gets no answer after a second", async (t) => {
  const { broker } = await startControlWorld(t, { inside: plainInside("celery@lyra") });
  const revoked = revokedTasks();
  const clock = new LamportClock();
  // Whoever asks under our own name, we are not our neighbour.
  await mingle({ broker, name: "celery@lyra", clock, revoked, log, timeout: 30_000 });
  await broker.listen({ exchange: "deaf.pidbox", routingKey: "", queue: "deaf" }, () => {});
  await mingle({ broker, name: node, clock, revoked, log, namespace: "deaf", timeout: 50 });
  await mingle({ broker, name: node, clock, revoked, log, namespace: "empty", timeout: 30_000 });
  assert.deepEqual(revoked.ids(), []);
});

test("a neighbour's nonsense is taken for what it is", async (t) => {
  const { broker } = await startControlWorld(t);
  const revoked = revokedTasks();
  const rejects = { ...broker, openMailbox: () => Promise.reject(new Error("the broker is away")) };
  await mingle({ broker: rejects, name: node, clock: new LamportClock(), revoked, log });
  assert.deepEqual(revoked.ids(), []);
  assert.deepEqual(readRevokes(undefined), []);
  assert.deepEqual(readRevokes(["a"]), []);
});

test("revoked ids travel with a time that Python takes, a float, and with one that means something on another machine", () => {
  const now = Date.now() / 1000;
  const told = JSON.parse(JSON.stringify(writeRevokes([["a", now - 60]]))) as Record<string, [number, string, number]>;
  const [monotonic, id, at] = told.a!;
  assert.equal(id, "a");
  assert.ok(Math.abs(Number(process.hrtime.bigint()) / 1e9 - 60 - monotonic) < 5);
  assert.ok(!Number.isInteger(monotonic));
  assert.deepEqual(readRevokes(told), [["a", at]]);
  // Python's own, whose clock is another machine's.
  const [[python, taken]] = readRevokes({ b: [123_456.75, "b"] }) as [[string, number]];
  assert.equal(python, "b");
  assert.ok(taken >= now);
});
