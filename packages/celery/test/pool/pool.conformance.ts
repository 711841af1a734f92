import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parseInertJson } from "../../src/message/inert-json.ts";
import { PythonDateTime, PythonDecimal } from "../../src/message/python-values.ts";
import {
  DeadLetter,
  Ignore,
  LeaseLost,
  Replace,
  Requeue,
  Retry,
  SoftTimeLimitExceeded,
  TaskRevoked,
  WorkerShutdown,
} from "../../src/worker/outcomes.ts";
import type { Pool } from "../../src/worker/pool/pool.ts";
import app from "./app.ts";
import { aJob, ended, returned, started, type TestJob, type TestJobOptions, thrown } from "./pool-world.ts";

export interface PoolWish {
  concurrency: number;
  /** Time in ms that a task gets to end after its signal was aborted. */
  grace?: number;
}

/** What every pool does with the tasks of app.ts. */
export function poolConformance(kind: string, make: (wish: PoolWish) => Pool): void {
  const it = (story: string, wish: Partial<PoolWish>, tell: (pool: Pool, t: TestContext) => Promise<void>) =>
    test(`${kind}: ${story}`, { timeout: 120_000 }, async (t) => {
      await tell(await started(t, make({ concurrency: 1, ...wish })), t);
    });

  it("arguments come as the message had them, and so does the result: nothing is lost on the way", {}, async (pool) => {
    const args = [
      ...[12345678901234567890n, -0.5, Number.NaN, "ein Stück \ud83d\udd2d", null, true],
      ...[new PythonDecimal("1.10"), new PythonDateTime("2026-01-02T03:04:05.000678+02:00"), Buffer.from([0, 255])],
      { nested: [{}, []] },
    ];
    assert.deepEqual(plain(await returned(pool, job("echo", { args }))), plain(args));
  });

  it("keys of an argument mean nothing to those who copy it, whatever they are called", {}, async (pool) => {
    const kwargs = parseInertJson('{"__proto__": {"admin": true}, "constructor": 1, "deep": {"__proto__": 2}}');
    const end = await returned(pool, job("inert", { kwargs: kwargs as Record<string, unknown> }));
    assert.deepEqual(plain(end), { keys: ["__proto__", "constructor", "deep"], admin: null, prototypes: [null, null] });
  });

  it("the task knows its request", {}, async (pool) => {
    const request = { eta: new Date(5000), retries: 2, rootId: "root", stamps: { site: "Cologne" }, headers: { h: 1 } };
    const seen = plain(await returned(pool, job("request", { id: "the-id", ...request }))) as Record<string, unknown>;
    assert.equal(seen.etaIsDate, true);
    const { id, retries, rootId, stamps, headers, priority } = seen;
    assert.deepEqual(
      { id, retries, rootId, stamps, headers, priority },
      { id: "the-id", retries: 2, rootId: "root", stamps: { site: "Cologne" }, headers: { h: 1 }, priority: 0 },
    );
  });

  it("a task that returns nothing has null for its result", {}, async (pool) => {
    assert.equal((await returned(pool, job("nothing"))) ?? null, null);
  });

  it("what a task throws keeps its class name, code, own properties, causes, and where it was thrown", {}, async (pool) => {
    const error = await thrown(pool, job("declined"));
    assert.ok(error instanceof Error);
    assert.equal(error.name === "Error" ? error.constructor.name : error.name, "PaymentDeclined");
    assert.deepEqual([error.message, error.code, error.amount], ["no money", "DECLINED", 2n ** 64n]);
    assert.match(error.stack!, /app\.ts/);
    assert.ok(error.cause instanceof TypeError);
    assert.deepEqual([error.cause.message, error.cause.cause], ["no account", "a text"]);
  });

  it("several errors in one, an odd one, one thrown before it began, and a text are told for what they are", {}, async (pool) => {
    const aggregate = await thrown(pool, job("aggregate"));
    assert.ok(aggregate instanceof AggregateError);
    assert.deepEqual(
      aggregate.errors.map((error) => `${error.name}: ${error.message}`),
      ["RangeError: one", "Error: two"],
    );
    const odd = await thrown(pool, job("oddError"));
    assert.deepEqual([odd.message, odd.count], ["odd", 3]);
    const early = await thrown(pool, job("throwsAtOnce"));
    assert.ok(early instanceof RangeError);
    assert.equal(await thrown(pool, job("throwsText")), "only a text");
  });

  it("what a task says of its own message is of the worker's own class", {}, async (pool) => {
    const retry = await thrown(pool, job("retry"));
    assert.ok(retry instanceof Retry);
    assert.deepEqual([retry.countdown, retry.maxRetries], [7, 2]);
    assert.ok(retry.cause instanceof RangeError && retry.cause.message === "not yet");
    assert.equal((await thrown(pool, job("retryForEver"))).maxRetries, Number.POSITIVE_INFINITY);

    const replace = await thrown(pool, job("replace"));
    assert.ok(replace instanceof Replace);
    assert.deepEqual([replace.signature.task, plain(replace.signature.args)], ["other", [1]]);

    assert.ok((await thrown(pool, job("ignore"))) instanceof Ignore);
    assert.ok((await thrown(pool, job("requeue"))) instanceof Requeue);
    const deadLetter = await thrown(pool, job("deadLetter"));
    assert.ok(deadLetter instanceof DeadLetter);
    assert.deepEqual([deadLetter.reason, deadLetter.text], ["bad-arguments", "nobody can do this"]);
  });

  it("what the task asks of its context is done by the worker, and answered", {}, async (pool) => {
    const asks = job("calls");
    assert.deepEqual(await returned(pool, asks), ["sent-id", "applied-id"]);
    assert.deepEqual(plain(asks.calls), [
      ["updateState", "PROGRESS", { done: 1, of: 2 }],
      ["settleOther", "other-id", { result: "1970-01-01T00:00:00.000Z" }],
      ["send", "elsewhere", "another", { args: [1], countdown: 5 }],
      ["apply", { task: "third", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: true }],
    ]);
  });

  it("what the worker refuses is thrown in the task", {}, async (pool) => {
    assert.deepEqual(plain(await returned(pool, job("refusedCall"))), {
      ...{ name: "Error", message: "no such queue", code: "CDT-UNROUTABLE", cause: "no binding" },
    });
  });

  it("what the task logs is in the worker's log, with the task's id and its own words", {}, async (pool) => {
    const talks = job("logs");
    await returned(pool, talks);
    const [first, second, ...more] = talks.lines;
    assert.deepEqual([first!.msg, first!.level, first!.taskId, more], ["it begins", 30, talks.id, []]);
    const { err, ...rest } = second as { err: Record<string, string> };
    assert.deepEqual(
      { ...rest, time: 0 },
      { level: 40, time: 0, taskId: talks.id, part: 7, count: 1, msg: "look here" },
    );
    assert.deepEqual([err.type, err.message], ["RangeError", "odd: deep"]);
  });

  it("no more run at once than may; the others begin in their order", { concurrency: 2 }, async (pool) => {
    const gates = ["a", "b", "c", "d"].map((id) => job("gate", { id }));
    const ends = gates.map((gate) => ended(pool, gate));
    const [a, b, c, d] = gates as [TestJob, TestJob, TestJob, TestJob];
    await Promise.all([a.atGate(), b.atGate()]);
    assert.deepEqual([pool.facts().running, pool.facts().waiting, c.began, d.began], [2, 2, [], []]);
    b.open();
    await c.atGate();
    assert.deepEqual(d.began, []);
    for (const gate of gates) gate.open();
    for (const end of ends) assert.deepEqual(await end, { kind: "returned", value: "opened" });
    for (const gate of gates) assert.ok(pool.facts().processes.includes(gate.began[0]!));
    assert.deepEqual([pool.facts().running, pool.facts().waiting], [0, 0]);
  });

  it("more may run from one moment to the next; fewer when those that run have ended", {
    concurrency: 1,
  }, async (pool) => {
    const gates = ["a", "b", "c"].map((id) => job("gate", { id }));
    const ends = gates.map((gate) => ended(pool, gate));
    const [a, b, c] = gates as [TestJob, TestJob, TestJob];
    await a.atGate();
    pool.resize(2);
    await b.atGate();
    pool.resize(1);
    assert.equal(pool.concurrency, 1);
    a.open();
    await ends[0];
    assert.deepEqual(c.began, []);
    b.open();
    await c.atGate();
    c.open();
    await Promise.all(ends);
    assert.throws(() => pool.resize(0), RangeError);
  });

  it("the soft limit aborts the signal: the task may fail by it, or clean up and return", {
    concurrency: 2,
  }, async (pool) => {
    const error = await thrown(pool, job("obedient", { soft: 0.05 }));
    assert.ok(error instanceof SoftTimeLimitExceeded);
    assert.deepEqual([error.seconds, error.code], [0.05, "CDT-SOFT-TIME-LIMIT"]);
    assert.equal(await returned(pool, job("cleansUp", { soft: 0.05, hard: 60 })), "cleaned up");
  });

  it("the hard limit ends a task that has no ear for anything", { grace: 50 }, async (pool) => {
    const deaf = job("deaf", { soft: 0.01, hard: 0.05 });
    assert.deepEqual(await ended(pool, deaf), { kind: "timed-out", seconds: 0.05 });
    deaf.open();
    assert.deepEqual(await returned(pool, job("echo", { args: [1] })), [1]);
  });

  it("a limit of many years is none that has passed", {}, async (pool) => {
    const gate = job("gate", { hard: 1e10, soft: 1e10 });
    const end = ended(pool, gate);
    await gate.atGate();
    gate.open();
    assert.deepEqual(await end, { kind: "returned", value: "opened" });
  });

  it("a task that is terminated learns why, and may clean up", { concurrency: 2, grace: 60_000 }, async (pool) => {
    const [obedient, cleansUp] = [job("obedient"), job("cleansUp")];
    const ends = [ended(pool, obedient), ended(pool, cleansUp)];
    for (const each of [obedient, cleansUp]) {
      await each.stored("BEGUN");
      assert.equal(pool.terminate(each.id, "TERM"), true);
    }
    for (const end of ends) assert.deepEqual(await end, { kind: "terminated", signal: "TERM" });
    assert.ok(cleansUp.calls.some(([, state]) => state === "CLEANED"));
    assert.deepEqual(obedient.calls.at(-1), ["updateState", "ENDS", TaskRevoked.name]);
  });

  it("a deaf one is terminated when its grace is over, and with KILL at once", { grace: 50 }, async (pool) => {
    for (const [signal, grace] of [["TERM"], ["KILL"]]) {
      const deaf = job("deaf");
      const end = ended(pool, deaf);
      await deaf.stored("BEGUN");
      pool.terminate(deaf.id, signal!);
      assert.deepEqual(await end, { kind: "terminated", signal }, grace);
      deaf.open();
    }
  });

  it("what waits is terminated without having begun; whom nobody knows cannot be", {}, async (pool) => {
    const [runs, waits] = [job("gate"), job("gate")];
    const ends = [ended(pool, runs), ended(pool, waits)];
    await runs.atGate();
    assert.equal(pool.terminate(waits.id, "TERM"), true);
    assert.deepEqual(await ends[1], { kind: "terminated", signal: "TERM" });
    assert.equal(pool.terminate("nobody", "TERM"), false);
    runs.open();
    await ends[0];
    assert.equal(pool.terminate(runs.id, "TERM"), false);
    assert.deepEqual(waits.began, []);
  });

  it("the worker's stop reaches those that run, and those that wait never begin", {}, async (pool) => {
    const [runs, waits] = [job("obedient"), job("gate")];
    const ends = [thrown(pool, runs), ended(pool, waits)] as const;
    await runs.stored("BEGUN");
    for (const each of [runs, waits]) each.stop.abort(new WorkerShutdown());
    assert.ok((await ends[0]) instanceof WorkerShutdown);
    assert.deepEqual(await ends[1], { kind: "stopped" });
    assert.deepEqual(await ended(pool, waits), { kind: "stopped" });
    assert.deepEqual(waits.began, []);
  });

  it("a lost lease is told to the task, which goes on until it decides otherwise", {}, async (pool) => {
    const watches = job("leaseWatcher");
    const end = thrown(pool, watches);
    await watches.stored("BEGUN");
    watches.leaseLost.abort(new LeaseLost("answered"));
    const error = await end;
    assert.ok(error instanceof LeaseLost);
    assert.equal(error.how, "answered");
  });

  it("a pool that stops ends all that is left of it, and takes nothing more", {}, async (pool) => {
    const [runs, waits] = [job("deaf"), job("gate")];
    const ends = [ended(pool, runs), ended(pool, waits)];
    await runs.stored("BEGUN");
    await pool.stop();
    assert.deepEqual(await Promise.all(ends), [{ kind: "stopped" }, { kind: "stopped" }]);
    assert.deepEqual(await ended(pool, job("echo")), { kind: "stopped" });
    runs.open();
  });

  test(`${kind}: a concurrency that cannot be is refused`, () => {
    for (const concurrency of [0, -1, 1.5, Number.NaN]) assert.throws(() => make({ concurrency }), RangeError);
  });
}

function job(name: string, options?: TestJobOptions): TestJob {
  return aJob(app.find((task) => task.name === name)!, options);
}

/** What comes out of JSON has no prototype, which strict comparisons would notice. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, member) => {
      if (typeof member === "bigint" || Number.isNaN(member)) return String(member);
      return member;
    }),
  );
}
