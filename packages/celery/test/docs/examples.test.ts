import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { startServer } from "../../../../testing/server-process.ts";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const programs = (await readdir(folder)).filter((name) => name.endsWith(".ts"));

/** Python's worker is needed, and a Redis. */
const besidePython = "python-side.ts";

for (const program of programs) {
  const skip = program === besidePython ? without("redis-server", "python3-celery") : false;
  test(`examples/${program} prints what it says`, { skip, timeout: 120_000 }, async (t) => {
    const head = /^ \* prints:\n((?: \*(?: {3}.*)?\n)+) \*\/$/m.exec(await readFile(join(folder, program), "utf8"));
    assert.ok(head, "its head says what it prints");
    const expected = head[1]!.replace(/^ \* {3}/gm, "");
    const env = { ...process.env };
    if (program === besidePython) {
      const redis = await startRedis(t);
      env.CELERY_BROKER_URL = redis.url;
      const worker = await startServer({
        program: "/usr/bin/python3",
        args: [
          "-m",
          "celery",
          "-A",
          "python_side",
          "--workdir",
          folder,
          "worker",
          "-P",
          "solo",
          "-Q",
          "python",
          "-l",
          "INFO",
        ],
        env: { CELERY_BROKER_URL: redis.url, PYTHONDONTWRITEBYTECODE: "1", C_FORCE_ROOT: "1" },
        ready: / ready\./,
      });
      t.after(() => worker.stop("SIGKILL"));
    }
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, program)], { env, timeout: 60_000 });
    assert.equal(stdout, expected);
  });
}
