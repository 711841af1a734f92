import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { redisLink } from "../../src/broker/redis-connection.ts";

const skip = without("redis-server");

test("a connection is made anew while hashing and files keep all threads that look names up", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const server = await startRedis(t);
  const link = redisLink({ host: "localhost", port: server.port });
  t.after(() => link.close());
  await link.connect();

  // Who opens a pipe to read keeps a thread of the pool until somebody opens it to write.
  const pipe = join(await temporaryDirectory(t), "pipe");
  execFileSync("mkfifo", [pipe]);
  const stuck = Array.from({ length: 16 }, () => readFile(pipe));
  try {
    const lost = new Promise((resolve) => link.onLost(resolve));
    const back = new Promise<void>((resolve) => link.onReady(() => resolve()));
    await link.run((redis) => redis.call("CLIENT", "KILL", "SKIPME", "no")).catch(() => {});
    await lost;
    const since = performance.now();
    await back;
    t.diagnostic(`back after ${Math.round(performance.now() - since)} ms`);
    assert.ok(performance.now() - since < 5000);
    const other = redisLink({ host: "localhost", port: server.port });
    t.after(() => other.close());
    await other.connect();
  } finally {
    // They come in groups as large as the pool.
    const writer = openSync(pipe, "r+");
    setTimeout(() => closeSync(writer), 500);
    await Promise.all(stuck);
  }
});
