import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { DeadLetter, Ignore, Requeue, Retry, TaskFailed } from "../../src/index.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import { plain, queue, startWorld } from "./world.ts";

test("a task's value is stored as SUCCESS, and only then is its message acknowledged", async (t) => {
  const world = await startWorld(t);
  const order: string[] = [];
  const { store } = world.results;
  const { acknowledge } = world.broker;
  t.mock.method(world.results, "store", (meta: Parameters<typeof store>[0]) => {
    order.push(meta.status);
    return store.call(world.results, meta);
  });
  t.mock.method(world.broker, "acknowledge", (tag: string) => {
    order.push("acknowledged");
    return acknowledge.call(world.broker, tag);
  });
  const worker = await world.work([
    { name: "add", run: async ({ request: { args } }) => Number(args[0]) + Number(args[1]) },
  ]);
  const id = await world.send("add", 2, 3);
  assert.equal(await world.client.result(id).wait(AbortSignal.timeout(30_000)), 5);
  await worker.stop();
  assert.deepEqual(order, ["STARTED", "SUCCESS", "acknowledged"]);
  assert.deepEqual(worker.events.names(), ["task:received", "task:started", "task:succeeded"]);
  await world.expectBroker({});
});

test("while it runs, STARTED says where; a task's own states and its progress can be read", async (t) => {
  const world = await startWorld(t);
  const seen: unknown[] = [];
  const worker = await world.work([
    {
      name: "steps",
      async run(context) {
        await context.updateState("HALFWAY", { percent: 50 });
        seen.push(await world.results.get(context.request.id));
        return null;
      },
    },
  ]);
  const stored = t.mock.method(world.results, "store");
  const id = await world.send("steps");
  await world.ended(id);
  const first = stored.mock.calls[0]?.arguments[0];
  assert.deepEqual(
    [first?.status, first?.result, first?.date_done],
    ["STARTED", { pid: process.pid, hostname: worker.name }, null],
  );
  const { status, result } = seen[0] as { status: string; result: unknown };
  assert.deepEqual([status, plain(result)], ["HALFWAY", { percent: 50 }]);
});

test("what a task throws is stored as FAILURE the way Python reads it, and the message is acknowledged", async (t) => {
  const world = await startWorld(t);
  class OddPackage extends Error {}
  await world.work([
    {
      name: "odd",
      async run() {
        throw new OddPackage("no such thing", { cause: new TypeError("deep down") });
      },
    },
    {
      name: "value",
      async run() {
        throw Object.assign(new Error("too small"), { name: "ValueError" });
      },
    },
    {
      name: "exit",
      async run() {
        throw Object.assign(new Error("1"), { name: "SystemExit" });
      },
    },
    {
      name: "unwritable",
      run: async () => ({
        get never() {
          throw new RangeError("cannot be written");
        },
      }),
    },
  ]);
  const error = await world.client
    .result(await world.send("odd"))
    .wait(AbortSignal.timeout(30_000))
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof TaskFailed);
  assert.deepEqual(error.remote, {
    exc_type: "OddPackage",
    exc_message: ["no such thing"],
    exc_module: "ccatobs.celery",
  });
  assert.match(error.traceback ?? "", /TypeError: deep down[\s\S]*direct cause[\s\S]*OddPackage: no such thing\n$/);

  const { result } = await world.ended(await world.send("value"));
  assert.deepEqual(result, { exc_type: "ValueError", exc_message: ["too small"], exc_module: "builtins" });
  const exit = await world.ended(await world.send("exit"));
  assert.deepEqual(exit.result, { exc_type: "SystemExit", exc_message: ["1"], exc_module: "ccatobs.celery" });
  const unwritable = await world.ended(await world.send("unwritable"));
  assert.equal(unwritable.status, "FAILURE");
});

test("Retry publishes the same task again with its unknown headers, and fails with the cause when no try is left", async (t) => {
  const world = await startWorld(t);
  const seen: unknown[] = [];
  const worker = await world.work([
    {
      name: "shaky",
      async run({ request }) {
        seen.push([request.retries, request.headers.trace, request.args, request.redelivered]);
        throw new Retry({ countdown: 0.05, maxRetries: 2, cause: new Error("still not there") });
      },
    },
  ]);
  const states = t.mock.method(world.results, "store");
  const envelope = encodeTask({ queue, name: "shaky", args: [7], headers: { trace: "t-1" } });
  await world.broker.publish(queue, envelope);
  const { status, result } = await world.ended(String(envelope.headers.id));
  assert.equal(status, "FAILURE");
  assert.deepEqual((result as { exc_message: unknown[] }).exc_message, ["still not there"]);
  assert.deepEqual(
    seen,
    [0, 1, 2].map((retries) => [retries, "t-1", [7], false]),
  );
  assert.deepEqual(
    states.mock.calls.map((call) => call.arguments[0].status),
    ["STARTED", "RETRY", "STARTED", "RETRY", "STARTED", "FAILURE"],
  );
  await worker.stop();
  assert.equal(worker.facts().counts.retried, 2);
  await world.expectBroker({});
});

test("Ignore acknowledges and leaves no result", async (t) => {
  const world = await startWorld(t);
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  const task = {
    name: "duplicate",
    async run() {
      throw new Ignore("somebody else has it");
    },
  };
  const worker = await world.work([task], { log });
  const id = await world.send("duplicate");
  await worker.events.until("task:ignored");
  await worker.stop();
  assert.equal((await world.results.get(id))?.status, "STARTED");
  await world.expectBroker({});
  assert.match(lines.find((line) => line.includes('"task ignored"')) ?? "", /"why":"somebody else has it"/);
});

test("Requeue puts the message back to the head of its queue, marked as redelivered", async (t) => {
  const world = await startWorld(t);
  const seen: unknown[] = [];
  const worker = await world.work([
    {
      name: "later",
      async run({ request }) {
        seen.push([request.args[0], request.redelivered]);
        if (request.args[0] === "first" && !request.redelivered) throw new Requeue();
        return null;
      },
    },
  ]);
  const first = await world.send("later", "first");
  const second = await world.send("later", "second");
  await world.ended(first);
  await world.ended(second);
  assert.deepEqual(seen, [
    ["first", false],
    ["first", true],
    ["second", false],
  ]);
  await worker.stop();
  await world.expectBroker({});
});

test("a message that was given back is done by another slot of the same worker at once, not when a lease has ended", async (t) => {
  const world = await startWorld(t);
  const { requeue } = world.broker;
  // The answer comes after the other slot has popped the message.
  t.mock.method(world.broker, "requeue", async (tag: string) => {
    const settled = await requeue.call(world.broker, tag);
    await new Promise(setImmediate);
    return settled;
  });
  let runs = 0;
  const task = {
    name: "later",
    async run() {
      if (++runs < 5) throw new Requeue();
      return runs;
    },
  };
  const worker = await world.work([task], { concurrency: 2 });
  const id = await world.send("later");
  // Leases last for a minute here.
  assert.equal(await world.client.result(id).wait(AbortSignal.timeout(30_000)), 5);
  await worker.stop();
  await world.expectBroker({});
});

test("DeadLetter puts the message aside with its reason, and tells whoever waits for the result", async (t) => {
  const world = await startWorld(t);
  const worker = await world.work([
    {
      name: "hopeless",
      async run() {
        throw new DeadLetter("wrong-arguments", "there is no staging_item_id");
      },
    },
  ]);
  const id = await world.send("hopeless");
  const { status, result } = await world.ended(id);
  assert.deepEqual([status, (result as { exc_type: string }).exc_type], ["FAILURE", "DeadLetter"]);
  await worker.stop();
  await world.expectBroker({ deadLetters: ["wrong-arguments"] });
  const [entry] = await world.broker.deadLetters();
  assert.equal(entry?.text, "there is no staging_item_id");
});

test("messages that nobody here can run are put aside with a reason each, and the next good one runs", async (t) => {
  const world = await startWorld(t);
  const good = encodeTask({ queue, name: "good" });
  const body = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
  const bad = [
    { ...encodeTask({ queue, name: "good" }), body: body({}) },
    { ...encodeTask({ queue, name: "good" }), body: "&" },
    { ...encodeTask({ queue, name: "good" }), "content-type": "application/x-python-serialize" },
    { ...encodeTask({ queue, name: "good" }), headers: {} },
    encodeTask({ queue, name: "nobody.knows" }),
    encodeTask({ queue, name: "good", embed: { chain: "next" as never } }),
  ];
  for (const envelope of [...bad, good]) await world.broker.publish(queue, envelope);
  const worker = await world.work([{ name: "good", run: async () => "fine" }]);
  assert.deepEqual(await world.ended(String(good.headers.id)), { status: "SUCCESS", result: "fine" });
  const unknown = await world.ended(String(bad[4]!.headers.id));
  assert.deepEqual(unknown.result, {
    exc_type: "NotRegistered",
    exc_message: ["nobody.knows"],
    exc_module: "celery.exceptions",
  });
  await worker.stop();
  assert.deepEqual(
    worker.events.all("task:dead-lettered").map(({ reason }) => reason),
    ["malformed", "malformed", "pickle-refused", "unsupported-protocol", "unknown-task", "malformed"],
  );
  assert.equal((await world.broker.deadLetters()).length, bad.length);
  assert.equal((await world.broker.inspect(queue)).waiting, 0);
});

test("an expired task is stored as REVOKED and never runs", async (t) => {
  const world = await startWorld(t);
  let ran = 0;
  const worker = await world.work([{ name: "stale", run: async () => ++ran }]);
  const envelope = encodeTask({ queue, name: "stale", expires: new Date(Date.now() - 1000) });
  await world.broker.publish(queue, envelope);
  const { status, result } = await world.ended(String(envelope.headers.id));
  assert.deepEqual([status, (result as { exc_message: unknown[] }).exc_message, ran], ["REVOKED", ["expired"], 0]);
  await worker.stop();
  await world.expectBroker({});
});

test("whoever asked for no result gets none", async (t) => {
  const world = await startWorld(t);
  const stored = t.mock.method(world.results, "store");
  const worker = await world.work([{ name: "quiet", run: async () => "unheard" }]);
  await world.broker.publish(queue, encodeTask({ queue, name: "quiet", ignoreResult: true }));
  await worker.events.until("task:succeeded");
  await worker.stop();
  assert.equal(stored.mock.callCount(), 0);
  await world.expectBroker({});
});

test("a task is found by its exact name first, then by a glob, then by the fallback", async (t) => {
  const world = await startWorld(t);
  const answer = (value: string) => async () => value;
  await world.work(
    [
      { name: "site.*.stage", run: answer("glob") },
      { name: "site.a.stage", run: answer("exact") },
    ],
    {
      fallback: ({ kwargs }) => ("staging_job_id" in kwargs ? { name: "any", run: answer("fallback") } : undefined),
    },
  );
  const result = async (name: string, kwargs = {}) =>
    (await world.ended(await world.client.send(queue, name, { kwargs }))).result;
  assert.equal(await result("site.a.stage"), "exact");
  assert.equal(await result("site.b.stage"), "glob");
  assert.equal(await result("elsewhere", { staging_job_id: 1 }), "fallback");
});

test("a task can send another one and settle the state of a third", async (t) => {
  const world = await startWorld(t);
  await world.work([
    { name: "child", run: async ({ request }) => [request.parentId, request.rootId] },
    {
      name: "parent",
      async run(context) {
        await context.settleOther("the-job", { result: "all staged" });
        return context.send(queue, "child", {});
      },
    },
  ]);
  const parent = await world.send("parent");
  const { result: child } = await world.ended(parent);
  assert.deepEqual(await world.ended(String(child)), { status: "SUCCESS", result: [parent, parent] });
  assert.deepEqual(await world.ended("the-job"), { status: "SUCCESS", result: "all staged" });
});
