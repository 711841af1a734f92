import assert from "node:assert/strict";
import { test } from "node:test";
import { gate, queue, startWorld } from "./world.ts";

test("a flood of etas stays with the broker, whole, and an ordinary task behind them runs", async (t) => {
  const world = await startWorld(t);
  const most = { held: 0 };
  for (let n = 0; n < 2_000; n++) await world.client.send(queue, "note", { countdown: 3600 });
  const worker = await world.work([{ name: "note", run: async () => "ran" }], {
    concurrency: 2,
    hooks: { "task:received": () => (most.held = Math.max(most.held, worker?.facts().leasesHeld ?? 0)) },
  });
  assert.deepEqual(await world.ended(await world.send("note")), { status: "SUCCESS", result: "ran" });
  assert.ok(most.held <= 6, `held ${most.held} at once`);
  assert.equal(worker.facts().scheduled, 2);
  await worker.stop();
  await world.expectBroker({ waiting: 2, unacked: 1_998 });
});

test("what was parked runs when its time has come, once, in order, and counts as no redelivery", async (t) => {
  const world = await startWorld(t);
  const runs: unknown[] = [];
  const ids = [];
  const soonest = Date.now() + 400;
  for (const [n, after] of [300, 100, 500, 0, 200, 400].entries()) {
    ids.push(await world.client.send(queue, "note", { args: [n], eta: new Date(soonest + after) }));
  }
  await world.work([
    {
      name: "note",
      async run({ request }) {
        runs.push([request.args[0], request.redelivered, Date.now() >= request.eta!.getTime()]);
      },
    },
  ]);
  for (const id of ids) assert.equal((await world.ended(id)).status, "SUCCESS");
  assert.deepEqual(
    runs,
    [3, 1, 4, 0, 5, 2].map((n) => [n, false, true]),
  );
  await world.expectBroker({});
});

test("the worker that parked a message may be gone: another one runs it in time", async (t) => {
  const world = await startWorld(t);
  const note = { name: "note", run: async () => "ran" };
  const later = await world.client.send(queue, "note", { countdown: 1.5 });
  for (let n = 0; n < 3; n++) await world.client.send(queue, "note", { countdown: 3600 - n });
  const first = await world.work([note]);
  await first.events.until("task:received", () => first.facts().counts.received === 4);
  await first.stop();
  await world.work([note]);
  assert.deepEqual(await world.ended(later), { status: "SUCCESS", result: "ran" });
});

test("a task whose time to run is over is revoked as expired, be it on the queue or held until its eta", async (t) => {
  const world = await startWorld(t);
  const worker = await world.work([{ name: "late", run: async () => "ran" }]);
  const over = await world.client.send(queue, "late", { expires: new Date(Date.now() - 1000) });
  const beforeItsEta = await world.client.send(queue, "late", { countdown: 1, expires: 0.2 });
  for (const id of [over, beforeItsEta]) {
    const { status, result } = await world.ended(id);
    assert.deepEqual([status, (result as { exc_message: unknown }).exc_message], ["REVOKED", ["expired"]]);
  }
  await worker.events.until("task:revoked", () => worker.facts().counts.revoked === 2);
  assert.deepEqual(
    worker.events.all("task:revoked").map(({ expired, terminated }) => [expired, terminated]),
    [
      [true, false],
      [true, false],
    ],
  );
});

test("tasks above their rate wait their turn, and tasks of other names pass them", async (t) => {
  const world = await startWorld(t);
  const begun: number[] = [];
  const limited = {
    name: "limited",
    rateLimit: "5/s",
    run: async () => begun.push(performance.now()),
  };
  const free = gate("free");
  const ids = [];
  for (let n = 0; n < 5; n++) ids.push(await world.send("limited"));
  const worker = await world.work([limited, free.task], { concurrency: 2 });
  const passing = await world.send("free");
  await free.untilBegun(1);
  free.open();
  await world.ended(passing);
  assert.ok(worker.facts().counts.succeeded < 5, "the free one did not wait for all limited ones");
  for (const id of ids) await world.ended(id);
  const gaps = begun.slice(1).map((time, n) => time - begun[n]!);
  assert.ok(
    gaps.every((gap) => gap > 150),
    `between starts: ${gaps.map((gap) => gap.toFixed(0)).join(", ")} ms`,
  );
});

test("a rate limit that is none is refused with a sentence", async (t) => {
  const world = await startWorld(t);
  await assert.rejects(
    world.work([{ name: "odd", rateLimit: "often", run: async () => null }]),
    /number with \/s, \/m or \/h/,
  );
});
