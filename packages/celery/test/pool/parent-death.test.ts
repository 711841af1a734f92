import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { soon } from "../worker/world.ts";
import { isAlive, untilGone } from "./processes.ts";

const program = fileURLToPath(new URL("parent-program.ts", import.meta.url));

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`children end with a worker that ${signal} ended, even one that computes without a pause`, async (t) => {
    const worker = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => worker.kill("SIGKILL"));
    const [line] = (await soon(once(createInterface({ input: worker.stdout }), "line"))) as [string];
    const pids = line.split(" ").map(Number);
    assert.equal(pids.filter(isAlive).length, 3);
    worker.kill(signal);
    await untilGone(...pids);
  });
}
