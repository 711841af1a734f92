import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Pool } from "../../src/worker/pool/pool.ts";
import { type ProcessPoolOptions, processPool } from "../../src/worker/pool/process.ts";
import { poolConformance } from "./pool.conformance.ts";
import { aJob, recordingLog, returned, started, thrown } from "./pool-world.ts";
import { isAlive, until, untilGone } from "./processes.ts";

poolConformance("process", ({ concurrency, grace }) =>
  processPool({
    app: new URL("app.ts", import.meta.url),
    concurrency,
    ...(grace !== undefined && { terminateGrace: grace }),
  }),
);

const app = new URL("process-app.ts", import.meta.url);

interface Surroundings {
  env: Record<string, string>;
  title: string;
  commandLine: string;
  files: string[];
}

test("a child sees of the worker's environment what it needs and what it was given by name, and no secret", async (t) => {
  process.env.CELERY_BROKER_URL = "redis://:secret@localhost";
  process.env.POOL_TEST_ALLOWED = "yes";
  t.after(() => {
    delete process.env.CELERY_BROKER_URL;
    delete process.env.POOL_TEST_ALLOWED;
  });
  const pool = await processes(t, { env: ["POOL_TEST_ALLOWED", "POOL_TEST_UNSET"] });
  const { env } = (await returned(pool, aJob("surroundings"))) as Surroundings;
  const usual = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "NODE_OPTIONS"];
  assert.deepEqual(
    Object.keys(env).filter((name) => !usual.includes(name)),
    ["POOL_TEST_ALLOWED"],
  );
  assert.equal(env.PATH, process.env.PATH);
});

test("a child has no files of the worker's, and its command line and title tell nothing of the task", async (t) => {
  const pool = await processes(t);
  const { files, title, commandLine } = (await returned(pool, aJob("surroundings"))) as Surroundings;
  assert.equal(title, "celery-node child");
  assert.match(commandLine, /^celery-node child\0*$/);
  const sockets = files.filter((file) => file.startsWith("socket:"));
  const others = files.filter((file) => !/^(socket:|anon_inode:|pipe:|gone)/.test(file));
  // The channel, and the two that its output goes through.
  assert.ok(sockets.length <= 3, `sockets: ${sockets}`);
  assert.deepEqual(
    [...new Set(others)].filter((file) => !/\/dev\/null$|\/proc\/\d+\/fd$/.test(file)),
    [],
  );
});

test("what a child prints is in the worker's log, line by line, with its pid and task", async (t) => {
  const lines: Record<string, unknown>[] = [];
  const pool = await processes(t, { log: recordingLog(lines) });
  const prints = aJob("prints");
  await pool.run(prints.job);
  const of = (name: string) => lines.filter(({ stream }) => stream === name);
  await until(() => of("stdout").length === 2 && of("stderr").length === 2);
  const [first, last] = of("stdout");
  const [pid] = prints.began;
  assert.deepEqual(
    { ...first, time: 0 },
    {
      ...{ level: 30, time: 0, pid, taskId: prints.id, stream: "stdout", msg: "to stdout, one line" },
    },
  );
  assert.equal(last!.msg, "and an end without a newline");
  const [long, rest] = of("stderr");
  assert.deepEqual([long!.level, String(long!.msg).length, `${long!.msg}${rest!.msg}`.length], [40, 16_384, 20_011]);
});

test("a child is replaced after its number of tasks, and the next one is ready before it is needed", async (t) => {
  const pool = await processes(t, { maxTasksPerChild: 2 });
  const gate = () => aJob("gate");
  const [first, second, third] = [gate(), gate(), gate()];
  const ends = [first, second, third].map((each) => returned(pool, each));
  await first.atGate();
  const [old] = pool.facts().processes;
  assert.equal(pool.facts().processes.length, 1);
  first.open();
  await second.atGate();
  // Its last one runs, and the replacement starts beside it, with nothing to do yet.
  await until(() => pool.facts().processes.length === 2);
  assert.deepEqual([pool.facts().running, pool.facts().waiting], [1, 1]);
  second.open();
  await third.atGate();
  third.open();
  await Promise.all(ends);
  assert.deepEqual([first.began[0], second.began[0]], [old, old]);
  assert.notEqual(third.began[0], old);
  await untilGone(old!);
  assert.deepEqual([pool.facts().deaths, pool.facts().maxTasksPerChild], [0, 2]);
});

test("a child that holds too much memory works on until another one is ready, and then goes", async (t) => {
  const pool = await processes(t, { maxMemoryPerChild: 250_000 });
  const small = await returned(pool, aJob("grows", { args: [1] }));
  const large = await returned(pool, aJob("grows", { args: [300] }));
  assert.equal(small, large);
  await untilGone(large as number);
  const next = await returned(pool, aJob("pid"));
  assert.notEqual(next, large);
  assert.equal(pool.facts().deaths, 0);
});

test("children come and go with the size of the pool; one that works stays until it has ended", async (t) => {
  const pool = await processes(t);
  pool.resize(3);
  await until(() => pool.facts().processes.length === 3);
  const gate = aJob("gate");
  const end = returned(pool, gate);
  await gate.atGate();
  pool.resize(1);
  await until(() => pool.facts().processes.length === 1);
  assert.deepEqual(pool.facts().processes, gate.began);
  gate.open();
  await end;
  assert.deepEqual([pool.facts().processes, pool.facts().deaths], [gate.began, 0]);
});

test("a result that no process could tell another is the task's failure, and says why", async (t) => {
  const pool = await processes(t);
  assert.equal((await thrown(pool, aJob("circle"))).code, "CDT-UNENCODABLE-VALUE");
  assert.match((await thrown(pool, aJob("map"))).message, /a Map cannot be sent/);
  assert.match((await thrown(pool, aJob("looksLikeAPythonType"))).message, /unknown type/);
  assert.match((await thrown(pool, aJob("pid", { args: [new Map()] }))).message, /a Map cannot be sent/);
  const lookalike = { __type__: "spaceship", __value__: 1 };
  assert.match((await thrown(pool, aJob("pid", { args: [lookalike] }))).message, /unknown type/);
  assert.equal((await thrown(pool, aJob("only the worker has it"))).code, "CDT-TASK-NOT-IN-APP");
  assert.equal(pool.facts().deaths, 0);
});

test("what a task leaves unfinished does not reach the next one in its process", async (t) => {
  const lines: Record<string, unknown>[] = [];
  const pool = await processes(t, { log: recordingLog(lines) });
  const drops = aJob("dropsACall");
  assert.equal(await returned(pool, drops), "returned");
  const next = aJob("gate");
  const end = returned(pool, next);
  await next.atGate();
  drops.open("an answer that comes too late");
  next.open("mine");
  assert.deepEqual(await end, ["mine", drops.began[0]]);

  // Its words are not lost, and what it wants to send is refused to it.
  for (const words of ["a line that comes too late", "CDT-TASK-ENDED"])
    await until(() => lines.some(({ msg, stream }) => stream === "stderr" && String(msg).includes(words)));
  assert.deepEqual(
    [...drops.calls, ...next.calls].map(([method, name]) => [method, name]),
    [
      ["send", "gate"],
      ["send", "gate"],
    ],
  );
});

test("no child is left when the pool has stopped, not even one that computes without a pause", async (t) => {
  const pool = await processes(t, { concurrency: 3 });
  const [spins, gate] = [aJob("spins"), aJob("gate")];
  void pool.run(spins.job);
  void pool.run(gate.job);
  await Promise.all([spins.stored("BEGUN"), gate.atGate()]);
  const pids = pool.facts().processes;
  assert.equal(pids.length, 3);
  await pool.stop();
  assert.deepEqual(pids.filter(isAlive), []);
  assert.deepEqual(pool.facts().processes, []);
});

function processes(t: TestContext, options: Partial<ProcessPoolOptions> = {}): Promise<Pool> {
  return started(t, processPool({ app, concurrency: 1, ...options }));
}
