import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import type { Envelope } from "../../src/message/envelope.ts";
import { createEventDispatcher } from "../../src/worker/events/event-dispatcher.ts";
import { LamportClock } from "../../src/worker/events/lamport-clock.ts";

type Sent = { exchange: string; routingKey: string; envelope: Envelope; body: unknown };

/** A dispatcher, and what it sends; `broadcast` decides what becomes of each message. */
function startDispatcher({ taskEvents = true, broadcast = async () => 1 as number } = {}) {
  const sent: Sent[] = [];
  const logged: Record<string, unknown>[] = [];
  const broker = {
    broadcast(exchange: string, routingKey: string, envelope: Envelope) {
      const body = JSON.parse(Buffer.from(envelope.body, "base64").toString());
      sent.push({ exchange, routingKey, envelope, body });
      return broadcast();
    },
  };
  const log = pino({ level: "debug" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const clock = new LamportClock();
  const events = createEventDispatcher({ broker, name: "celery@orion", clock, log, taskEvents });
  return { events, sent, clock, logged };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("events of tasks go out as one list for each turn of the event loop, and every 24", async () => {
  const { events, sent } = startDispatcher();
  for (let i = 0; i < 50; i++) events.sendTaskEvent("task-started", { uuid: `t${i}` });
  assert.deepEqual(
    sent.map(({ body }) => (body as unknown[]).length),
    [24, 24],
  );
  await turn();
  assert.deepEqual(
    sent.map(({ routingKey, body }) => [routingKey, (body as unknown[]).length]),
    [
      ["task.multi", 24],
      ["task.multi", 24],
      ["task.multi", 2],
    ],
  );
  const uuids = sent.flatMap(({ body }) => (body as { uuid: string }[]).map(({ uuid }) => uuid));
  assert.deepEqual(
    uuids,
    Array.from({ length: 50 }, (_, i) => `t${i}`),
  );
});

test("an event tells who, when and in which order, in the envelope that receivers expect", async () => {
  const { events, sent } = startDispatcher();
  const before = Date.now() / 1000;
  events.send("worker-elect-ack", { id: "e" });
  const [{ exchange, routingKey, envelope, body }] = sent as [Sent];
  const { timestamp, ...rest } = body as Record<string, unknown>;
  assert.ok((timestamp as number) >= before && (timestamp as number) <= Date.now() / 1000);
  assert.deepEqual(rest, {
    type: "worker-elect-ack",
    id: "e",
    hostname: "celery@orion",
    pid: process.pid,
    utcoffset: Math.floor(new Date().getTimezoneOffset() / 60),
    clock: 1,
  });
  assert.deepEqual([exchange, routingKey], ["celeryev", "worker.elect.ack"]);
  assert.deepEqual(envelope.headers, { hostname: "celery@orion" });
  assert.equal(envelope.properties.delivery_mode, 1);
  assert.deepEqual(envelope.properties.delivery_info, { exchange: "celeryev", routing_key: "worker.elect.ack" });
});

test("while task events are off none is sent and the clock stands; those of the worker go on", async () => {
  const { events, sent, clock } = startDispatcher({ taskEvents: false });
  events.sendTaskEvent("task-started", { uuid: "t" });
  await events.flush();
  assert.deepEqual([sent.length, clock.value], [0, 0]);
  events.send("worker-heartbeat", {});
  assert.equal(sent.length, 1);
  assert.deepEqual([events.switchTaskEvents(true), events.switchTaskEvents(true)], [true, false]);
  events.sendTaskEvent("task-started", { uuid: "t" });
  await events.flush();
  assert.equal(sent.length, 2);
});

test("while the broker takes nothing events are dropped and counted, logged once, and sent again when it is back", async () => {
  let away = true;
  const { events, sent, logged } = startDispatcher({
    broadcast: () => (away ? Promise.reject(new Error("away")) : Promise.resolve(1)),
  });
  for (let i = 0; i < 10; i++) {
    events.sendTaskEvent("task-started", { uuid: "t" });
    events.sendTaskEvent("task-succeeded", { uuid: "t" });
    await events.flush();
  }
  assert.equal(events.dropped, 20);
  away = false;
  events.send("worker-heartbeat", {});
  await events.flush();
  assert.equal(events.dropped, 20);
  assert.equal(sent.length, 11);
  assert.deepEqual(
    logged.map(({ msg, dropped }) => [msg, dropped]),
    [
      ["the broker does not take events: they are dropped", undefined],
      ["events are sent again", 20],
    ],
  );
});

test("a broker that never answers costs a bounded number of messages", async () => {
  const { events, sent } = startDispatcher({ broadcast: () => new Promise(() => {}) });
  for (let i = 0; i < 30_000; i++) events.sendTaskEvent("task-started", { uuid: "t" });
  assert.equal(sent.length, 1_000);
  assert.equal(events.dropped, 30_000 - 24_000);
});
