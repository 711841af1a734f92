import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { createClient, redisBroker, redisResults } from "../../src/index.ts";
import { until, untilGone } from "../pool/processes.ts";
import { startProgram } from "./program.ts";

const skip = without("redis-server");
const redis: TestRedis = skip ? (undefined as never) : await startRedis({ after });
const app = fileURLToPath(new URL("processes-app.ts", import.meta.url));
const concurrency = 3;
const held = 6;
const tasks = 10;

const stories: {
  story: string;
  task: "heeds" | "deaf";
  signal: NodeJS.Signals;
  /** Children get the signal, too: whoever ends a control group, or presses Ctrl-C, gives it to all. */
  everybody?: boolean;
  code: number;
}[] = [
  { story: "TERM", task: "heeds", signal: "SIGTERM", code: 0 },
  { story: "TERM to all of its processes", task: "heeds", signal: "SIGTERM", everybody: true, code: 0 },
  { story: "TERM while its tasks compute without a pause", task: "deaf", signal: "SIGTERM", code: 0 },
  { story: "QUIT", task: "heeds", signal: "SIGQUIT", code: 1 },
];

for (const { story, task, everybody = false, signal, code } of stories) {
  test(`${story}: what a worker with processes has not done is at the head of its queue, in order, and nowhere else`, {
    skip,
    timeout: 120_000,
  }, async (t) => {
    await redis.cli("FLUSHALL");
    const queue = "lifecycle";
    const folder = await temporaryDirectory(t);
    const server = { host: redis.host, port: redis.port };
    const [broker, results] = [redisBroker(server), redisResults(server)];
    await Promise.all([broker.connect(), results.connect()]);
    t.after(() => Promise.all([broker.close(), results.close()]));
    const client = createClient({ broker, results });
    const files = Array.from({ length: tasks }, (_, n) => join(folder, String(n)));
    const ids: string[] = [];
    for (const file of files) ids.push(await client.send(queue, task, { args: [file] }));

    const pool = ["--pool", "process", "-c", String(concurrency), "--prefetch-multiplier", String(held / concurrency)];
    const worker = startProgram(t, redis, ["-Q", queue, ...pool, "--shutdown-grace", "3"], {}, { app });
    const begun = files.slice(0, concurrency);
    await until(() => begun.every((file) => existsSync(file) && readFileSync(file, "utf8") !== ""));
    while ((await redis.cli("HLEN", "unacked")) !== String(held));
    const children = begun.map((file) => Number(readFileSync(file, "utf8")));

    worker.kill(signal);
    if (everybody) for (const pid of children) process.kill(pid, signal);
    const done: string[] = [];
    if (signal === "SIGTERM") {
      await worker.until(/^warm shutdown/);
      // The second of those that run ends while there is grace.
      writeFileSync(`${begun[1]}.end`, "");
      done.push(ids[1]!);
    }
    assert.equal(await worker.exit(), code);
    await untilGone(...children);

    const inQueue = (await redis.cli("LRANGE", queue, "0", "-1")).split("\n").reverse();
    assert.deepEqual(
      inQueue.map((text) => JSON.parse(text).headers.id),
      ids.filter((id) => !done.includes(id)),
    );
    for (const id of ids) assert.equal((await results.get(id))?.status, done.includes(id) ? "SUCCESS" : undefined);
    const keys = ["unacked", "unacked_index", "cdt:leases", "cdt:parked", "cdt:dead-letters"];
    assert.equal(await redis.cli("EXISTS", ...keys), "0");
    assert.equal(files.filter((file) => existsSync(file)).length, concurrency, "what had not begun never did");
  });
}
