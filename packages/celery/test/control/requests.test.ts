import assert from "node:assert/strict";
import { test } from "node:test";
import { plainEnvelope, readPlainMessage } from "../../src/message/plain-envelope.ts";
import { node, plain, startControlWorld } from "./control-world.ts";
import { plainInside } from "./plain-inside.ts";

test("only those reply whom destination names, or whose name the pattern fits", async (t) => {
  const world = await startControlWorld(t);
  await startControlWorld(t, { broker: world.broker, inside: plainInside("celery@lyra") });
  const answers = async (target: Parameters<typeof world.control.ping>[0]) =>
    Object.keys(await world.control.ping({ timeout: 300, ...target })).sort();
  assert.deepEqual(await answers({}), ["celery@lyra", node]);
  assert.deepEqual(await answers({ destination: [node] }), [node]);
  assert.deepEqual(await answers({ destination: ["celery@nobody"] }), []);
  assert.deepEqual(await answers({ destination: [] }), []);
  assert.deepEqual(await answers({ pattern: "*@l?ra" }), ["celery@lyra"]);
  assert.deepEqual(await answers({ pattern: "celery@[!l]*" }), [node]);
  assert.deepEqual(await answers({ pattern: "celery@(orion|vega)$", matcher: "pcre" }), [node]);
  assert.deepEqual(await answers({ limit: 1 }), [(await answers({ limit: 1 }))[0]]);
});

test("what cannot be read, is not known, or has expired is counted and harms nothing", async (t) => {
  const { broker, publish, control, counted, inside } = await startControlWorld(t);
  const now = Date.now() / 1000;
  const envelope = plainEnvelope({ exchange: "celery.pidbox", routingKey: "", headers: {}, body: ["no", "object"] });
  await broker.broadcast("celery.pidbox", "", envelope);
  await broker.broadcast("celery.pidbox", "", { ...envelope, "content-type": "application/x-python-serialize" });
  await publish({ method: "shutdown" }, { expires: now - 60 });
  await publish({ method: "no_such_method", reply_to: { exchange: "reply.celery.pidbox", routing_key: "x" } });
  await publish({ method: "__proto__" });
  // A clock that is off by a little must not make a worker deaf.
  await publish({ method: "heartbeat" }, { expires: now - 1 });
  assert.deepEqual(plain(await control.ping()), { [node]: { ok: "pong" } });
  assert.deepEqual(
    counted.map(({ method, outcome }) => `${method} ${outcome}`),
    ["? unreadable", "? unreadable", "shutdown expired", "? unknown", "? unknown", "heartbeat done", "ping done"],
  );
  assert.deepEqual(inside.done, []);
});

test("what names nobody is for everybody, as Python's client sends it; what is too large is not read at all", async (t) => {
  const { publish, counted, control } = await startControlWorld(t);
  for (const destination of [null, [], "", node]) await publish({ method: "heartbeat", destination });
  await publish({ method: "heartbeat", destination: "celery@lyra" });
  await publish({ method: "heartbeat", arguments: { ballast: "x".repeat(17 << 20) } });
  await control.ping();
  assert.deepEqual(
    counted.map(({ outcome }) => outcome),
    ["done", "done", "done", "done", "unreadable", "done"],
  );
});

test("a reply goes to the exchange of replies alone: no request can have us write into a queue of tasks", async (t) => {
  const { broker, publish, control } = await startControlWorld(t);
  await broker.declare(["deep_sky"]);
  await publish({ method: "ping", ticket: "t", reply_to: { exchange: "deep_sky", routing_key: "deep_sky" } });
  await control.ping();
  assert.equal((await broker.inspect("deep_sky")).waiting, 0);
});

test("a reply carries its ticket, the logical clock, and null where a method has nothing to say", async (t) => {
  const { broker, publish, clock } = await startControlWorld(t);
  const mailbox = await broker.openMailbox("reply.celery.pidbox", "asker");
  const replyTo = { exchange: "reply.celery.pidbox", routing_key: "asker" };
  await publish({ method: "heartbeat", ticket: "t-1", reply_to: replyTo }, { clock: 4_000 });
  const { headers, body } = readPlainMessage((await mailbox.receive(30_000))!);
  await mailbox.close();
  assert.equal(headers.ticket, "t-1");
  assert.ok((headers.clock as number) > 4_000, "it has moved beyond the asker's clock");
  assert.equal(headers.clock, clock.value);
  assert.deepEqual(plain(body), { [node]: null });
});

test("a flood of requests is handled one a turn of the event loop, in order, and other work goes on", async (t) => {
  const { publish, counted, control, revoked } = await startControlWorld(t);
  const ids = Array.from({ length: 500 }, (_, i) => `task-${i}`);
  for (const id of ids) await publish({ method: "revoke", arguments: { task_id: id } });
  let turns = 0;
  while (counted.length < 500) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  assert.ok(turns > 100, `all were handled within ${turns} turns`);
  await control.ping();
  assert.deepEqual(revoked.ids(), ids);
});

test("beyond what may wait, requests are dropped and counted", async (t) => {
  const { publish, counted, control } = await startControlWorld(t);
  await Promise.all(Array.from({ length: 10_050 }, () => publish({ method: "clock" })));
  while (counted.length < 10_050) await new Promise((resolve) => setImmediate(resolve));
  const outcomes = Object.groupBy(counted, ({ outcome }) => outcome);
  assert.deepEqual([outcomes.dropped?.length, outcomes.done?.length], [50, 10_000]);
  assert.deepEqual(plain(await control.ping()), { [node]: { ok: "pong" } });
});
