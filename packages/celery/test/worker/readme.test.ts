import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";

const home = fileURLToPath(new URL("../../", import.meta.url));

test("the example in README.md does what README.md says", { skip: without("redis-server") }, async (t) => {
  const redis = await startRedis(t);
  const readme = await readFile(`${home}README.md`, "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(example);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module-typescript", "--eval", example],
    {
      cwd: home,
      env: { ...process.env, REDIS_PORT: String(redis.port) },
      timeout: 60_000,
    },
  );
  assert.equal(stdout, "42\n");
});
