import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { pythonLog, startPythonWorker } from "../interop/python-peer.ts";
import { soon } from "../worker/world.ts";
import { celeryNode, celeryNodeJson, startProgram } from "./program.ts";

const skip = without("redis-server");
const redis: TestRedis = skip ? (undefined as never) : await startRedis({ after });

test("a worker with Celery's options runs tasks, and is seen by status, inspect, control and events", {
  skip,
}, async (t) => {
  const name = "w1@test";
  const worker = startProgram(t, redis, ["-Q", "sums,more", "-X", "more", "-c", "3", "-n", name, "-E", "-l", "DEBUG"]);
  await worker.until(/ready\.$/);
  const banner = worker.words.join("\n");
  assert.match(banner, /^w1@test celery-node/);
  assert.match(banner, /concurrency: +3 \(inline\)\n.*task events: +ON/);
  assert.match(banner, /\[queues\]\n\.> sums {2}exchange=sums\(direct\) key=sums\n\n/);

  const status = await celeryNode(redis, "status");
  assert.deepEqual(
    [status.code, status.stdout, status.stderr],
    [0, "NODE     STATUS\nw1@test  OK\n", "1 node online.\n"],
  );
  const queues = await celeryNodeJson<Record<string, { name: string }[]>>(redis, "inspect", "active_queues");
  assert.deepEqual(
    queues[name]?.map((queue) => queue.name),
    ["sums"],
  );
  const registered = await celeryNode(redis, "inspect", "registered", "-d", name);
  assert.match(registered.stdout, /^-> {2}w1@test: OK\n {4}\* add\n/);

  const events = spawn(process.execPath, [program, "events", "-b", redis.url, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => events.kill("SIGKILL"));
  await soon(once(events.stderr, "data"));
  const { id } = await celeryNodeJson<{ id: string }>(redis, "call", "add", "--args", "[2, 40]", "--queue", "sums");
  const seen: string[] = [];
  for await (const line of createInterface({ input: events.stdout })) {
    const event = JSON.parse(line) as { type: string; uuid?: string };
    if (event.uuid === id) seen.push(event.type);
    if (event.type === "task-succeeded") break;
  }
  assert.deepEqual(seen, ["task-received", "task-started", "task-succeeded"]);
  events.kill("SIGINT");

  const limited = await celeryNode(redis, "control", "rate_limit", "add", "1/h");
  assert.deepEqual([limited.code, limited.stdout], [0, "->  w1@test: OK\n    new rate limit set successfully\n"]);
  const nobody = await celeryNode(redis, "control", "rate_limit", "nobody", "1/h");
  assert.deepEqual([nobody.code, nobody.stdout.split("\n")[0]], [1, "->  w1@test: ERROR"]);
  assert.equal((await celeryNode(redis, "control", "shutdown")).code, 0);
  assert.equal(await worker.exit(), 0);
  await worker.until(/^warm shutdown/);
  const none = await celeryNode(redis, "status", "-t", "0.2");
  assert.deepEqual([none.code, none.stderr], [1, "0 nodes online.\n"]);
});

test("a task is called, and its result or its failure printed", { skip }, async (t) => {
  const worker = startProgram(t, redis, ["-Q", "sums", "-P", "process", "-c", "1"]);
  await worker.until(/ready\.$/);
  const called = await celeryNode(redis, "call", "add", "-a", "[1, 9007199254740994]", "--queue", "sums");
  assert.match(called.stdout, /^[0-9a-f-]{36}\n$/);
  const sum = await celeryNode(redis, "result", called.stdout.trim());
  assert.deepEqual([sum.code, sum.stdout], [0, "9007199254740995\n"]);
  const failing = (await celeryNode(redis, "call", "fail", "--queue", "sums")).stdout.trim();
  const failed = await celeryNode(redis, "result", failing);
  assert.deepEqual([failed.code, failed.stderr], [1, "the task is in the state FAILURE\n"]);
  const { exc_type, exc_message } = JSON.parse(failed.stdout) as Record<string, unknown>;
  assert.deepEqual([exc_type, exc_message], ["RangeError", ["on purpose"]]);
  const traceback = await celeryNode(redis, "result", failing, "--traceback");
  assert.match(traceback.stdout, /RangeError: on purpose/);
  const missing = await celeryNode(redis, "result", "no-such-id", "--timeout", "0.1");
  assert.deepEqual([missing.code, missing.stdout], [1, ""]);
});

test("a purge tells how much there is, and needs --force to do it", { skip }, async () => {
  for (const _ of [1, 2, 3]) await celeryNode(redis, "call", "add", "--queue", "purged");
  const asked = await celeryNode(redis, "purge", "-Q", "purged,empty");
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /3 messages wait in purged, empty; nothing is thrown away without --force/);
  const done = await celeryNodeJson(redis, "purge", "-f", "-Q", "purged,empty");
  assert.deepEqual(done, [
    { queue: "purged", messages: 3 },
    { queue: "empty", messages: 0 },
  ]);
  assert.equal(await redis.cli("LLEN", "purged"), "0");
});

test("a second worker with the same pidfile is refused, and a dead one's is taken over", { skip }, async (t) => {
  const pidfile = join(await temporaryDirectory(t), "worker.pid");
  await writeFile(pidfile, "4194305\n");
  const worker = startProgram(t, redis, ["--pidfile", pidfile]);
  await worker.until(/ready\.$/);
  assert.equal(await readFile(pidfile, "utf8"), `${worker.pid}\n`);
  const second = startProgram(t, redis, ["--pidfile", pidfile]);
  assert.equal(await second.exit(), 2);
  assert.match(second.words.join("\n"), new RegExp(`belongs to process ${worker.pid}, which is alive`));
  worker.kill("SIGTERM");
  assert.equal(await worker.exit(), 0);
  await assert.rejects(readFile(pidfile), { code: "ENOENT" });
});

test("a worker that bears the name of another one says so", { skip }, async (t) => {
  const first = startProgram(t, redis, ["-n", "twin@test"]);
  await first.until(/ready\.$/);
  const second = startProgram(t, redis, ["-n", "twin@test"], {}, { mingle: true });
  await second.until(/^another worker is named twin@test: give one of them another name with -n$/);
  await second.until(/ready\.$/);
  assert.ok(!first.lines.some(({ level }) => level === "warn"));
});

test("a Python worker is seen and controlled like one of ours", {
  skip: skip || without("python3-celery"),
}, async (t) => {
  await startPythonWorker(t, redis, { queue: "python", log: await pythonLog(t) });
  const stats = await celeryNodeJson<Record<string, { total: object; pool: object }>>(redis, "inspect", "stats");
  const [[name, stat] = assert.fail("nobody replied")] = Object.entries(stats);
  assert.match(name, /^python-\d+@test$/);
  assert.equal(typeof stat.pool, "object");
  const added = await celeryNode(redis, "control", "add_consumer", "another", "-d", name);
  assert.deepEqual([added.code, added.stdout], [0, `->  ${name}: OK\n    add consumer another\n`]);
  assert.equal((await celeryNode(redis, "control", "shutdown")).code, 0);
});

const program = fileURLToPath(new URL("../../bin/celery-node.js", import.meta.url));
