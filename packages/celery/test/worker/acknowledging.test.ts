import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeTask } from "../../src/index.ts";
import { gate, queue, startWorld } from "./world.ts";

test("with acksLate off a message is acknowledged before its task runs, and a crash loses it, as the option says", async (t) => {
  const world = await startWorld(t);
  const slow = gate("slow");
  const worker = await world.work([{ ...slow.task, acksLate: false }]);
  const id = await world.send("slow");
  await slow.untilBegun(1);
  await world.expectBroker({});
  slow.open("value");
  assert.deepEqual(await world.ended(id), { status: "SUCCESS", result: "value" });
  await worker.stop();
  await world.expectBroker({});
  assert.deepEqual(worker.events.names(), ["task:received", "task:started", "task:succeeded"]);
});

test("what was acknowledged early and cannot end before the worker stops is told to have failed", async (t) => {
  const world = await startWorld(t);
  const stuck = gate("stuck");
  const worker = await world.work([stuck.task], { acksLate: false });
  const id = await world.send("stuck");
  await stuck.untilBegun(1);
  await worker.stop({ grace: 0 });
  const { status, result } = await world.ended(id);
  assert.deepEqual([status, (result as { exc_type: string }).exc_type], ["FAILURE", "WorkerLostError"]);
  await world.expectBroker({});
});

test("a redelivered task that has succeeded is not run again where that is asked for", async (t) => {
  const world = await startWorld(t);
  const runs: string[] = [];
  const note = { name: "note", run: async ({ request }: { request: { id: string } }) => runs.push(request.id) };
  const worker = await world.work([note], { deduplicateSuccessfulTasks: true });
  const id = await world.send("note");
  await world.ended(id);
  const again = (redelivered: boolean) => {
    const message = encodeTask({ queue, name: "note", id });
    if (redelivered) message.headers.redelivered = true;
    return world.broker.publish(queue, message);
  };
  await again(true);
  await worker.events.until("task:ignored");
  assert.deepEqual(runs, [id]);
  await again(false);
  await worker.events.until("task:succeeded", () => worker.facts().counts.succeeded === 2);
  assert.deepEqual(runs, [id, id], "sent anew by somebody who wants it run: no redelivery");
  await world.expectBroker({});
});

test("a member of a chord whose worker died after storing its result is counted when it comes again, without a second run", async (t) => {
  const world = await startWorld(t);
  const ran: string[] = [];
  const note = (name: string) => ({
    name,
    run: async ({ request }: { request: { args: unknown[] } }) => void ran.push(name, ...request.args.map(String)),
  });
  const chordId = "5a2c1d1e-0000-4000-8000-000000000001";
  const body = {
    task: "body",
    args: [],
    kwargs: {},
    options: { queue },
    subtask_type: null,
    immutable: false,
    chord_size: 1,
  };
  const message = encodeTask({ queue, name: "member", groupId: chordId, groupIndex: 0, embed: { chord: body } });
  message.headers.redelivered = true;
  const id = String(message.headers.id);
  await world.results.startChord(chordId, 1);
  await world.results.store({
    task_id: id,
    status: "SUCCESS",
    result: 7,
    traceback: null,
    children: [],
    date_done: null,
  });
  await world.broker.publish(queue, message);
  const worker = await world.work([note("member"), note("body")], { deduplicateSuccessfulTasks: true });
  await worker.events.until("task:succeeded", ({ name }) => name === "body");
  assert.deepEqual(ran, ["body", "7"]);
});

test("where failures are not acknowledged, a failed task is put aside for a person", async (t) => {
  const world = await startWorld(t);
  const fail = async () => {
    throw new Error("no");
  };
  await world.work([{ name: "fails", acksOnFailureOrTimeout: false, run: fail }]);
  const id = await world.send("fails");
  assert.equal((await world.ended(id)).status, "FAILURE");
  await world.expectBrokerSoon({ deadLetters: ["failed"] });
});

test("a message that has killed more holders than allowed is put aside, and the next one runs", async (t) => {
  const world = await startWorld(t);
  const id = await world.send("deadly");
  for (let death = 0; death < 3; death++) {
    const [delivery] = await world.broker.pop([queue]);
    await world.broker.requeue(delivery!.tag, { death: true });
  }
  const worker = await world.work([{ name: "deadly", run: async () => "survived" }], { maxDeaths: 2 });
  const { reason, text } = await worker.events.until("task:dead-lettered");
  assert.deepEqual([reason, text], ["poison", "3 processes that held this message have died, at most 2 may"]);
  const { status, result } = await world.ended(id);
  assert.deepEqual([status, (result as { exc_type: string }).exc_type], ["FAILURE", "WorkerLostError"]);
  assert.equal((await world.ended(await world.send("deadly"))).result, "survived");

  const [entry] = await world.broker.deadLetters();
  assert.equal(await world.broker.requeueDeadLetter(entry!.id), true);
  await worker.events.until("task:succeeded", (facts) => facts.id === id);
});
