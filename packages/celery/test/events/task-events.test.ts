import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { encodeTask } from "../../src/message/encode-task.ts";
import type { EventDispatcher, EventFields } from "../../src/worker/events/event-dispatcher.ts";
import { taskEvents } from "../../src/worker/events/task-events.ts";
import { taskSentEvents } from "../../src/worker/events/task-sent.ts";
import { aRequest } from "../control/plain-inside.ts";

/** What the worker's events become. */
function startListening(sendsTaskEvents = true) {
  const sent: Record<string, unknown>[] = [];
  const keep = (type: string, fields: EventFields) => void sent.push({ type, ...fields });
  const events: EventDispatcher = {
    sendsTaskEvents,
    dropped: 0,
    switchTaskEvents: () => false,
    sendTaskEvent: keep,
    send: keep,
    flush: async () => {},
  };
  return { emit: taskEvents(events, pino({ level: "silent" })), sent, events };
}

const who = { id: "t", name: "add", queue: "deep_sky", retries: 1 };
const remote = { exc_type: "ValueError", exc_message: ["it's", 3], exc_module: "builtins" };

test("each event of a task becomes Celery's, with Python's reprs", () => {
  const { emit, sent } = startListening();
  emit("task:started", who);
  emit("task:succeeded", { ...who, runtime: 0.5, value: ["a", null, true, { b: 1.5 }] });
  emit("task:failed", { ...who, runtime: 0.5, error: new Error(), remote, traceback: "Traceback ..." });
  emit("task:retried", { ...who, runtime: 1, countdown: 3, cause: undefined, remote, traceback: "Traceback ..." });
  emit("task:revoked", { ...who, expired: false, terminated: true, signal: "TERM" });
  emit("task:revoked", { ...who, expired: true, terminated: false, signal: undefined });
  emit("task:rejected", { ...who, requeue: false });
  emit("task:requeued", who);
  assert.deepEqual(sent, [
    { type: "task-started", uuid: "t" },
    { type: "task-succeeded", uuid: "t", result: "['a', None, True, {'b': 1.5}]", runtime: 0.5 },
    { type: "task-failed", uuid: "t", exception: `ValueError("it's", 3)`, traceback: "Traceback ..." },
    { type: "task-retried", uuid: "t", exception: `ValueError("it's", 3)`, traceback: "Traceback ..." },
    { type: "task-revoked", uuid: "t", terminated: true, signum: 15, expired: false },
    { type: "task-revoked", uuid: "t", terminated: false, signum: null, expired: true },
    { type: "task-rejected", uuid: "t", requeue: false },
    { type: "task-rejected", uuid: "t", requeue: true },
  ]);
});

test("task-received tells what is known of the task, under the name that is to be shown", () => {
  const { emit, sent } = startListening();
  const eta = new Date("2026-11-23T06:23:58.705Z");
  const request = aRequest("t", "scheduled", {
    eta,
    rootId: "root",
    parentId: "parent",
    headers: { shadow: "adding" },
  });
  emit("task:received", { ...who, redelivered: false }, () => request);
  emit("task:received", { ...who, redelivered: false });
  assert.deepEqual(sent, [
    {
      type: "task-received",
      uuid: "t",
      name: "adding",
      args: "(2, 40)",
      kwargs: "{}",
      root_id: "root",
      parent_id: "parent",
      retries: 1,
      eta: "2026-11-23T06:23:58.705000+00:00",
      expires: null,
    },
    { type: "task-received", uuid: "t", name: "add", args: "", kwargs: "", retries: 1 },
  ]);
});

test("an unknown task fails as it does in Python, other messages put aside are rejected, those without an id are no event", () => {
  const { emit, sent } = startListening();
  const letter = { queue: "deep_sky", text: "..." };
  emit("task:dead-lettered", { ...letter, id: "t", name: "nobody.knows", reason: "unknown-task" });
  emit("task:dead-lettered", { ...letter, id: "t", name: "add", reason: "wrong-arguments" });
  emit("task:dead-lettered", { ...letter, id: undefined, name: undefined, reason: "malformed" });
  assert.deepEqual(sent, [
    { type: "task-failed", uuid: "t", exception: "NotRegistered('nobody.knows')" },
    { type: "task-rejected", uuid: "t", requeue: false },
  ]);
});

test("while task events are off nothing is built, and what concerns no task never is one", () => {
  const off = startListening(false);
  off.emit("task:received", { ...who, redelivered: false }, () => assert.fail("a view was made for nothing"));
  const value = {
    get looked() {
      return assert.fail("a value was looked at for nothing");
    },
  };
  off.emit("task:succeeded", { ...who, runtime: 1, value });
  const on = startListening();
  on.emit("poll", { found: true });
  on.emit("broker:connected", {});
  on.emit("lease:lost", { ...who, how: "clock" });
  assert.deepEqual([off.sent, on.sent], [[], []]);
});

test("a producer tells what it has sent, and where", () => {
  const { events, sent } = startListening();
  const tell = taskSentEvents(events);
  const envelope = encodeTask({ queue: "deep_sky", name: "add", args: [2, "a"], id: "t", retries: 2 });
  tell("deep_sky", envelope);
  tell({ exchange: "sky", routingKey: "sky.deep" }, envelope);
  const common = {
    ...{ type: "task-sent", uuid: "t", name: "add", args: "(2, 'a')", kwargs: "{}", root_id: "t", parent_id: null },
    ...{ retries: 2, eta: null, expires: null },
  };
  assert.deepEqual(sent, [
    { ...common, queue: "deep_sky", exchange: "", routing_key: "deep_sky" },
    { ...common, queue: "sky.deep", exchange: "sky", routing_key: "sky.deep" },
  ]);
});

test("a value that objects to being looked at costs an event, not the task", () => {
  const { emit, sent } = startListening();
  const value = {
    get secret() {
      throw new Error("do not look");
    },
  };
  emit("task:succeeded", { ...who, runtime: 1, value });
  const circular: unknown[] = [];
  circular.push(circular);
  emit("task:succeeded", { ...who, runtime: 1, value: circular });
  assert.equal(sent.length, 1);
});
