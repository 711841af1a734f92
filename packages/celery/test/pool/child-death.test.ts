import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ChildStartFailed } from "../../src/worker/pool/child-start-failed.ts";
import type { JobEnd } from "../../src/worker/pool/pool.ts";
import { type ProcessPoolOptions, processPool } from "../../src/worker/pool/process.ts";
import { RestartPace } from "../../src/worker/pool/restart-pace.ts";
import { aJob, ended, recordingLog, returned, started } from "./pool-world.ts";
import { isAlive, until, untilGone } from "./processes.ts";

const app = new URL("process-app.ts", import.meta.url);

test("a child killed with -9 loses its task, with its pid and signal; the others do not notice, and it is replaced", async (t) => {
  const pool = await processes(t, { concurrency: 2 });
  const [victim, other] = [aJob("gate"), aJob("gate")];
  const ends = [ended(pool, victim), returned(pool, other)] as const;
  await Promise.all([victim.atGate(), other.atGate()]);
  const pid = victim.began[0]!;
  process.kill(pid, "SIGKILL");
  assert.deepEqual(await ends[0], { kind: "lost", pid, exitCode: null, signal: "SIGKILL", error: undefined });

  const third = aJob("gate");
  const end = returned(pool, third);
  await third.atGate();
  assert.equal(pool.facts().deaths, 1);
  assert.ok(![pid, other.began[0]].includes(third.began[0]));
  other.open("still here");
  third.open();
  assert.deepEqual(await ends[1], ["still here", other.began[0]]);
  await end;
  await until(() => pool.facts().processes.length === 2 && pool.facts().processes.every(isAlive));
});

test("a task that exits, crashes, kills or cuts off its process is lost, with what it said last", async (t) => {
  const pool = await processes(t);
  const lost = async (name: string, ...args: unknown[]) => {
    const end = await ended(pool, aJob(name, { args }));
    assert.equal(end.kind, "lost");
    const { pid, error, kind, ...how } = end as JobEnd & { kind: "lost" };
    await untilGone(pid);
    return { ...how, error: error && `${error.name}: ${error.message}` };
  };
  assert.deepEqual(await lost("exits", 3), { exitCode: 3, signal: null, error: undefined });
  assert.deepEqual(await lost("exits", 0), { exitCode: 0, signal: null, error: undefined });
  assert.deepEqual(await lost("signalsItself", "SIGSEGV"), { exitCode: null, signal: "SIGSEGV", error: undefined });
  const uncaught = { exitCode: 1, signal: null };
  assert.deepEqual(await lost("leavesAnErrorUncaught"), { ...uncaught, error: "RangeError: nobody caught me" });
  assert.deepEqual(await lost("leavesARejection"), { ...uncaught, error: "RangeError: nobody handled me" });
  // It ends by itself or is killed, whichever is quicker.
  assert.equal((await lost("disconnects")).error, undefined);
  assert.equal(pool.facts().deaths, 6);
  assert.equal(typeof (await returned(pool, aJob("pid"))), "number");
});

test("a task that fills its heap takes down its own process alone, and the log has V8's own words", async (t) => {
  process.env.NODE_OPTIONS = "--max-old-space-size=40";
  t.after(() => delete process.env.NODE_OPTIONS);
  const lines: Record<string, unknown>[] = [];
  const pool = await processes(t, { log: recordingLog(lines) });
  const end = await ended(pool, aJob("fillsItsHeap"));
  assert.equal(end.kind, "lost");
  await until(() => lines.some(({ msg, stream }) => stream === "stderr" && /heap out of memory/.test(String(msg))));
  assert.equal(typeof (await returned(pool, aJob("pid"))), "number");
});

test("signals that reach all processes of a group are the worker's to act on: a child goes on", async (t) => {
  const pool = await processes(t);
  const gate = aJob("gate");
  const end = returned(pool, gate);
  await gate.atGate();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"]) process.kill(gate.began[0]!, signal);
  gate.open();
  assert.deepEqual(await end, ["opened", gate.began[0]]);
});

test("the hard limit ends a task that computes without a pause, and what its process had started", async (t) => {
  const pool = await processes(t, { concurrency: 2 });
  const spins = aJob("spins", { soft: 0.01, hard: 0.3 });
  const starts = aJob("startsAProcess", { hard: 0.3 });
  const ends = [ended(pool, spins), ended(pool, starts)];
  await starts.stored("BEGUN");
  const grandchild = starts.calls[0]![2] as number;
  for (const end of ends) assert.deepEqual(await end, { kind: "timed-out", seconds: 0.3 });
  await untilGone(grandchild, ...spins.began, ...starts.began);
  assert.equal(pool.facts().deaths, 0);
});

test("an application that cannot be loaded is told at the start, in its own words, and no child is left", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "broken"), "");
  const refused = (options: ProcessPoolOptions, words: RegExp) =>
    assert.rejects(processPool(options).start(), (error) => {
      assert.ok(error instanceof ChildStartFailed);
      assert.equal(error.code, "CDT-CHILD-START");
      assert.match(error.message, words);
      return true;
    });
  await refused({ app, concurrency: 2, env: ["POOL_TEST_FOLDER"] }, /process-app\.ts.* the application is broken/);
  await refused({ app: "/nowhere/app.js" }, /app\.js.*Cannot find module/);
  await refused({ app: new URL("pool-world.ts", import.meta.url) }, /neither a list of tasks nor an app/);
  await refused({ app, exportName: "other" }, /export other is neither/);
  await writeFile(join(folder, "hangs.js"), "setInterval(() => {}, 1000); await new Promise(() => {});");
  await refused({ app: join(folder, "hangs.js"), startTimeout: 500 }, /not ready after 500 ms/);
  await writeFile(join(folder, "exits.js"), "process.exit(7)");
  await refused({ app: join(folder, "exits.js") }, /exited with code 7/);
  await untilGone(...(await pidsIn(folder)));
});

test("children that die before they had a task are started ever more slowly, one at a time, until one works", async (t) => {
  const folder = await temporaryFolder(t);
  const pool = await processes(t, { concurrency: 4, env: ["POOL_TEST_FOLDER"] });
  assert.equal((await pidsIn(folder)).length, 4);
  assert.equal(pool.facts().crashLoop, undefined);

  await writeFile(join(folder, "broken"), "");
  const brokenAt = Date.now();
  for (const pid of pool.facts().processes) process.kill(pid, "SIGKILL");
  await until(() => (pool.facts().crashLoop?.next.getTime() ?? 0) - Date.now() > 700);
  assert.match(pool.facts().crashLoop!.error, /the application is broken/);
  const more = (await pidsIn(folder)).length - 4;
  // The first death is free, and the fourth makes a pause of 400 ms.
  assert.ok(more <= 2 + (Date.now() - brokenAt) / 400, `${more} children were started`);

  const waits = aJob("pid");
  const end = returned(pool, waits);
  await rm(join(folder, "broken"));
  assert.equal(typeof (await end), "number");
  assert.equal(pool.facts().crashLoop, undefined);
  await until(() => pool.facts().processes.length === 4);
});

test("after a first free try the pauses of a crash loop double from 100 ms to 5 s, and end with the first task", () => {
  const pace = new RestartPace();
  const delays = Array.from({ length: 9 }, () => {
    pace.failed();
    return pace.delay;
  });
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  pace.worked();
  assert.deepEqual([pace.isSlow, pace.delay], [false, 0]);
});

async function processes(t: TestContext, options: Partial<ProcessPoolOptions> = {}) {
  return started(t, processPool({ app, concurrency: 1, ...options }));
}

/** Where the application writes who it was, and looks whether it is to be broken. */
async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "test-pool-"));
  process.env.POOL_TEST_FOLDER = folder;
  t.after(async () => {
    delete process.env.POOL_TEST_FOLDER;
    await rm(folder, { recursive: true });
  });
  return folder;
}

async function pidsIn(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, "started"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(Number);
}
