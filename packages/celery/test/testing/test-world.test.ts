import assert from "node:assert/strict";
import { test } from "node:test";
import { chain, chord, group, Retry, signature, TaskFailed, task } from "../../src/index.ts";
import { WorldTimeout } from "../../src/testing/index.ts";
import { worldFor } from "./world-for.ts";

const add = task("add", async (_, x: number, y: number) => x + y);

test("a task is called by its name, or by itself with its types, and answers what it returned", async (t) => {
  const world = await worldFor(t, { tasks: [add] });
  const sum: number = await world.run(add, 2, 40);
  assert.equal(sum, 42);
  assert.equal(await world.run("add", 1, 1), 2);
  assert.deepEqual(
    world.calls.map(({ name, args, value }) => ({ name, args, value })),
    [
      { name: "add", args: [2, 40], value: 42 },
      { name: "add", args: [1, 1], value: 2 },
    ],
  );
});

test("what a task throws is seen as a client would see it, with the thing itself as the cause", async (t) => {
  const mistake = new RangeError("no such day");
  const world = await worldFor(t, {
    tasks: [
      task("fail", async () => {
        throw mistake;
      }),
    ],
  });
  await assert.rejects(world.run("fail"), (error: unknown) => {
    assert.ok(error instanceof TaskFailed);
    assert.equal(error.remote.exc_type, "RangeError");
    assert.match(error.message, /no such day/);
    assert.equal(error.cause, mistake);
    return true;
  });
});

test("a task that asks to be tried again in three hours is, at once", async (t) => {
  let tries = 0;
  const world = await worldFor(t, {
    tasks: [
      task("flaky", async ({ retry }) => {
        tries++;
        if (tries < 3) retry({ countdown: 10_800, cause: new Error("not yet") });
        return tries;
      }),
    ],
  });
  assert.equal(await world.run("flaky"), 3);
  assert.deepEqual(
    world.calls.map(({ retries, outcome, error }) => ({ retries, outcome, again: error instanceof Retry })),
    [
      { retries: 0, outcome: "threw", again: true },
      { retries: 1, outcome: "threw", again: true },
      { retries: 2, outcome: "returned", again: false },
    ],
  );
});

test("where time is manual, tasks wait for it to be told, and begin in the order of their times", async (t) => {
  const begun: string[] = [];
  const note = task("note", async (_, word: string) => void begun.push(word));
  const world = await worldFor(t, { tasks: [note], time: "manual" });
  await world.send(note, { args: ["in an hour"], countdown: 3600 });
  await world.send(note, { args: ["in a minute"], countdown: 60 });
  await world.send(note, { args: ["now"] });
  await world.drain();
  assert.deepEqual([begun, world.waiting], [["now"], 2]);
  await world.advance(59);
  assert.deepEqual(begun, ["now"]);
  await world.advance(1);
  assert.deepEqual(begun, ["now", "in a minute"]);
  await world.advance(3600);
  assert.deepEqual([begun, world.waiting], [["now", "in a minute", "in an hour"], 0]);
});

test("a task whose time comes after its expiry is revoked, in virtual time as in the real one", async (t) => {
  const world = await worldFor(t, { tasks: [add] });
  const late = world.runWith(add, { args: [1, 2], countdown: 3600, expires: 60 });
  await assert.rejects(late, (error: unknown) => error instanceof TaskFailed && /TaskRevoked/.test(error.message));
  assert.deepEqual(world.calls, []);
});

test("what tasks send to other queues is noted, and run where the world has the task", async (t) => {
  const world = await worldFor(t, {
    tasks: [
      add,
      task("report", async (context) => {
        await context.send("sums", "add", { args: [1, 2] });
        await context.send("python", "mail.send", { kwargs: { to: "ann" }, ignoreResult: true });
      }),
    ],
  });
  await world.run("report");
  await world.drain();
  assert.deepEqual(
    world.sent.map(({ name, args, kwargs, to }) => ({ name, args, kwargs, to })),
    [
      { name: "report", args: [], kwargs: {}, to: "world" },
      { name: "add", args: [1, 2], kwargs: {}, to: "sums" },
      { name: "mail.send", args: [], kwargs: { to: "ann" }, to: "python" },
    ],
  );
  assert.equal(world.calls.find(({ name }) => name === "add")?.queue, "sums");
  const [letter] = await world.broker.deadLetters();
  assert.equal(letter?.reason, "unknown-task");
});

test("a task without an end fails its test in words", async (t) => {
  const stuck = task("stuck", async ({ signal }) => {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const world = await worldFor(t, { tasks: [stuck], timeout: 0.2 });
  await assert.rejects(
    world.run(stuck),
    (error: unknown) => error instanceof WorldTimeout && /stuck runs/.test(error.message),
  );
  await assert.rejects(world.drain(), WorldTimeout);
});

test("tasks that are acknowledged before they begin are waited for, too", async (t) => {
  let ended = 0;
  const early = task(
    "early",
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ended++;
    },
    { acksLate: false },
  );
  const world = await worldFor(t, { tasks: [early] });
  await world.send(early);
  await world.drain();
  assert.equal(ended, 1);
});

test("chains, groups and chords run as they do on servers, callbacks and errbacks too", async (t) => {
  const sum = task("sum", async (_, numbers: number[]) => numbers.reduce((total, number) => total + number, 0));
  const told: unknown[] = [];
  const tell = task("tell", async (_, what: unknown) => void told.push(what));
  const fail = task("fail", async (): Promise<number> => {
    throw new Error("on purpose");
  });
  const world = await worldFor(t, { tasks: [add, sum, tell, fail] });
  assert.equal(await world.run(chain(signature(add, [1, 2]), signature(add, [10]))), 13);
  assert.deepEqual(await world.run(group([signature(add, [1, 2]), signature(add, [3, 4])])), [3, 7]);
  const total: number = await world.run(chord([signature(add, [1, 2]), signature(add, [3, 4])], signature(sum)));
  assert.equal(total, 10);
  await world.run(signature(add, [1, 2]).link(signature(tell)));
  await world.drain();
  await assert.rejects(world.run(signature(fail).linkError(signature(tell))), TaskFailed);
  await world.drain();
  assert.deepEqual(told, [3, world.calls.findLast(({ name }) => name === "fail")?.id]);
});
