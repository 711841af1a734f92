import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { plainEnvelope } from "../../src/message/plain-envelope.ts";
import { startGossip } from "../../src/worker/control/gossip.ts";
import { createEventDispatcher } from "../../src/worker/events/event-dispatcher.ts";
import { LamportClock } from "../../src/worker/events/lamport-clock.ts";

const log = pino({ level: "silent" });

/** A worker that gossips; the test plays everybody else, and the broker. */
async function startGossiping(t: TestContext, name = "celery@orion") {
  let hear: (raw: string) => void = () => {};
  const sent: Record<string, unknown>[] = [];
  const called: unknown[] = [];
  const clock = new LamportClock();
  let now = 1_000_000;
  const broker = {
    async listen(_to: unknown, listener: (raw: string) => void) {
      hear = listener;
      return { stop: async () => {} };
    },
    async broadcast(_exchange: string, _key: string, { body }: { body: string }) {
      sent.push(JSON.parse(Buffer.from(body, "base64").toString()));
      return 1;
    },
  };
  const events = createEventDispatcher({ broker, name, clock, log, taskEvents: false });
  const call = async (action: unknown) => called.push(action);
  const gossip = await startGossip({ broker, name, events, clock, log, call, now: () => now });
  t.after(() => gossip.stop());
  const say = (event: Record<string, unknown>) =>
    hear(JSON.stringify(plainEnvelope({ exchange: "celeryev", routingKey: "x", headers: {}, body: event })));
  return {
    gossip,
    clock,
    sent,
    called,
    say,
    pass: (ms: number) => {
      now += ms;
    },
    /** Our own candidature, as the broker brings it back to us. */
    ownElect: () => sent.find(({ type }) => type === "worker-elect")!,
  };
}

const elect = (hostname: string, clock: number) => ({
  ...{ type: "worker-elect", id: "e", topic: "task", action: { task: "add" }, cver: 1 },
  ...{ hostname, pid: 7, clock },
});
const ack = (hostname: string) => ({ type: "worker-elect-ack", id: "e", hostname, pid: 7, clock: 9 });
const beat = (hostname: string) => ({ type: "worker-heartbeat", hostname, pid: 7, clock: 1, freq: 2 });

test("the candidate with the lowest clock wins and calls the task; the others do not", async (t) => {
  const ours = await startGossiping(t);
  ours.say(beat("celery@lyra"));
  ours.gossip.election("e", "task", { task: "add" });
  const { clock } = ours.ownElect() as { clock: number };
  ours.say(ours.ownElect());
  ours.say(elect("celery@lyra", clock + 1));
  assert.equal(
    ours.sent.filter(({ type }) => type === "worker-elect-ack").length,
    2,
    "every candidate is acknowledged",
  );
  ours.say(ack("celery@lyra"));
  assert.deepEqual(JSON.parse(JSON.stringify(ours.called)), [{ task: "add" }]);

  const loser = await startGossiping(t);
  loser.say(beat("celery@lyra"));
  loser.gossip.election("e", "task", { task: "add" });
  loser.say(loser.ownElect());
  loser.say(elect("celery@lyra", 0));
  loser.say(ack("celery@lyra"));
  assert.deepEqual(loser.called, []);
});

test("between equal clocks the lower name decides, and nothing is decided before enough have acknowledged", async (t) => {
  const { gossip, say, called, ownElect } = await startGossiping(t);
  for (const other of ["celery@lyra", "celery@vega", "celery@gone"]) say(beat(other));
  say({ type: "worker-offline", hostname: "celery@gone" });
  gossip.election("e", "task", "action");
  const { clock } = ownElect() as { clock: number };
  say(ownElect());
  say(elect("celery@vega", clock));
  say(ack("celery@lyra"));
  assert.deepEqual(called, []);
  say(ack("celery@vega"));
  assert.deepEqual(called, ["action"]);
});

test("a worker that was not heard for twice its heartbeat does not hold an election up; alone, one wins at once", async (t) => {
  const { gossip, say, called, ownElect, pass } = await startGossiping(t);
  say(beat("celery@lyra"));
  pass(4_001);
  gossip.election("e", "task", "action");
  say(ownElect());
  say(ack("celery@orion"));
  assert.deepEqual(called, ["action"]);
});

test("elections of others, of unknown topics, and nonsense end without harm", async (t) => {
  const { say, called, gossip, ownElect, sent } = await startGossiping(t);
  say(elect("celery@lyra", 1));
  say(ack("celery@lyra"));
  say({ type: "worker-elect", id: 5, clock: "soon" });
  say({ type: "worker-elect-ack" });
  say({ type: "worker-heartbeat", hostname: ["?"], clock: Number.MAX_SAFE_INTEGER });
  for (let i = 0; i < 300; i++) say({ ...elect("celery@lyra", 1), id: `flood-${i}` });
  gossip.election("e", "cooking", "action");
  say(ownElect());
  say(ack("celery@orion"));
  assert.deepEqual(called, []);
  assert.equal(sent.filter(({ type }) => type === "worker-elect").length, 1);
});

test("the logical clock moves beyond what others have, and a forged one cannot stop it", async (t) => {
  const { say, clock } = await startGossiping(t);
  say({ ...beat("celery@lyra"), clock: 500 });
  assert.equal(clock.value, 501);
  say({ ...beat("celery@orion"), clock: 9_000 });
  assert.equal(clock.value, 502, "our own event only counts as a step");
  say({ ...beat("celery@lyra"), clock: 2 ** 53 - 1 });
  assert.equal(clock.value, 503);
});
