import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { celeryNode, celeryNodeJson, startProgram } from "./program.ts";

const skip = without("redis-server");
const redis: TestRedis = skip ? (undefined as never) : await startRedis({ after });

/** A queue for each test: what one leaves behind is not another's. */
let queues = 0;
const freshQueue = () => `signals-${++queues}`;

/** Sends a task; answers its id. */
async function call(queue: string, name: string): Promise<string> {
  return (await celeryNodeJson<{ id: string }>(redis, "call", name, "--queue", queue)).id;
}

interface Meta {
  status: string;
  result: unknown;
}

/** What is stored of the task now. */
async function stored(id: string): Promise<Meta | undefined> {
  const { stdout } = await celeryNode(redis, "result", id, "--timeout", "0", "--json");
  return JSON.parse(stdout) ?? undefined;
}

async function waiting(queue: string): Promise<number> {
  return Number(await redis.cli("LLEN", queue));
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets the running task end, leaves the others to others, and the exit code is 0`, {
    skip,
  }, async (t) => {
    const queue = freshQueue();
    const worker = startProgram(t, redis, ["-Q", queue, "-c", "1", "--prefetch-multiplier", "1"]);
    await worker.until(/ready\.$/);
    const id = await call(queue, "hold");
    await worker.until(/^begun$/);
    const left = await call(queue, "add");
    worker.kill(signal);
    await worker.until(/^warm shutdown/);
    worker.open("let go");
    assert.equal(await worker.exit(), 0);
    assert.deepEqual(await stored(id).then((meta) => meta?.result), "let go");
    assert.equal(await stored(left), undefined);
    assert.equal(await waiting(queue), 1);
    assert.equal(await redis.cli("HLEN", "unacked"), "0");
  });
}

test("INT again makes the shutdown cold: the running task is back at the head of its queue, the exit code is 1", {
  skip,
}, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue, "-c", "1"]);
  await worker.until(/ready\.$/);
  const id = await call(queue, "hold");
  await worker.until(/^begun$/);
  await call(queue, "add");
  worker.kill("SIGINT");
  await worker.until(/^warm shutdown/);
  await againUntil(worker, "SIGINT", /^cold shutdown/);
  assert.equal(await worker.exit(), 1);
  assert.equal(await waiting(queue), 2);
  const next = JSON.parse(await redis.cli("LINDEX", queue, "-1")) as { headers: { id: string; redelivered: boolean } };
  assert.deepEqual([next.headers.id, next.headers.redelivered], [id, true]);
});

test("QUIT is cold at once, even for a task that does not listen", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue, "-c", "1"]);
  await worker.until(/ready\.$/);
  const id = await call(queue, "stubborn");
  await worker.until(/^begun$/);
  worker.kill("SIGQUIT");
  assert.equal(await worker.exit(), 1);
  assert.equal(await stored(id), undefined);
  assert.equal(await waiting(queue), 1);
});

test("with REMAP_SIGTERM=SIGQUIT, TERM is cold", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue], { REMAP_SIGTERM: "SIGQUIT" });
  await worker.until(/ready\.$/);
  await call(queue, "hold");
  await worker.until(/^begun$/);
  worker.kill("SIGTERM");
  await worker.until(/^cold shutdown/);
  assert.equal(await worker.exit(), 1);
  assert.equal(await waiting(queue), 1);
});

test("a soft shutdown gives running tasks their time before they are aborted", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue, "--soft-shutdown-timeout", "25"]);
  await worker.until(/ready\.$/);
  const id = await call(queue, "hold");
  await worker.until(/^begun$/);
  worker.kill("SIGQUIT");
  await worker.until(/^soft shutdown/);
  worker.open("in time");
  assert.equal(await worker.exit(), 1);
  assert.equal((await stored(id))?.result, "in time");
});

test("within the grace period the unfinished task is back at the head of its queue, by us", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue, "--shutdown-grace", "0.5"]);
  await worker.until(/ready\.$/);
  await call(queue, "stubborn");
  await worker.until(/^begun$/);
  worker.kill("SIGTERM");
  assert.equal(await worker.exit(), 0);
  assert.equal(await waiting(queue), 1);
  assert.equal(await redis.cli("HLEN", "unacked"), "0");
});

test("HUP ends what runs and begins the same program anew in the same process", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue]);
  await worker.until(/ready\.$/);
  await call(queue, "hold");
  await worker.until(/^begun$/);
  worker.kill("SIGHUP");
  await worker.until(/^warm shutdown/);
  worker.open("done");
  await worker.until(/^restarting$/);
  await worker.until(/ready\.$/, worker.lines.length);
  const { id } = await celeryNodeJson<{ id: string }>(redis, "call", "add", "-a", "[1, 2]", "--queue", queue);
  assert.equal((await celeryNodeJson<Meta>(redis, "result", id, "--timeout", "30")).result, 3);
  const stats = await celeryNodeJson<Record<string, { pid: number }>>(redis, "inspect", "stats");
  assert.ok(Object.values(stats).some(({ pid }) => pid === worker.pid));
  worker.kill("SIGTERM");
  assert.equal(await worker.exit(), 0);
});

test("USR1 writes what the worker is doing to the log, and changes nothing", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue]);
  await worker.until(/ready\.$/);
  const id = await call(queue, "hold");
  await worker.until(/^begun$/);
  worker.kill("SIGUSR1");
  const running = await worker.until(/^dump: runs$/);
  assert.deepEqual([running.task, running.taskId], ["hold", id]);
  const summary = await worker.until(/^dump: the worker$/);
  assert.ok((summary.memory as { rss: number }).rss > 0);
  worker.kill("SIGTERM");
  worker.open("done");
  assert.equal(await worker.exit(), 0);
});

test("a worker that still looks for its broker ends at once when it is told to", { skip }, async (t) => {
  const worker = startProgram(t, { ...redis, url: "redis://127.0.0.1:1/0" });
  const line = await worker.until(/trying again$/);
  assert.deepEqual([line.code, line.seconds], ["CDT-REDIS-UNREACHABLE", 2]);
  worker.kill("SIGTERM");
  assert.equal(await worker.exit(), 0);
});

test("an error that nobody has caught ends the worker, with last words in the log", { skip }, async (t) => {
  const queue = freshQueue();
  const worker = startProgram(t, redis, ["-Q", queue]);
  await worker.until(/ready\.$/);
  await call(queue, "stray");
  const line = await worker.until(/^an error that nobody has caught/);
  assert.deepEqual([line.level, (line.err as Error).message], ["fatal", "gone astray"]);
  assert.notEqual(await worker.exit(), 0);
});

/** Two keystrokes within a moment are one: the signal is given until it is heard. */
async function againUntil(
  worker: ReturnType<typeof startProgram>,
  signal: NodeJS.Signals,
  said: RegExp,
): Promise<void> {
  const timer = setInterval(() => worker.kill(signal), 400);
  try {
    await worker.until(said);
  } finally {
    clearInterval(timer);
  }
}
