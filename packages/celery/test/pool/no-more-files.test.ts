import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { processPool } from "../../src/worker/pool/process.ts";
import { aJob, returned, started } from "./pool-world.ts";
import { until } from "./processes.ts";

const app = new URL("process-app.ts", import.meta.url);

test("a worker that may open no more files, and so start no child, tries until it may again", async (t) => {
  const pool = await started(t, processPool({ app, concurrency: 1 }));
  await returned(pool, aJob("pid"));
  execFileSync("prlimit", ["--pid", String(process.pid), "--nofile=300:"]);
  const files: number[] = [];
  t.after(() => files.map((file) => closeSync(file)));
  // All but one: Node's test runner says something now and then.
  try {
    for (;;) files.push(openSync("/dev/null", "r"));
  } catch {
    closeSync(files.pop()!);
  }

  process.kill(pool.facts().processes[0]!, "SIGKILL");
  await until(() => /EMFILE|open files/.test(pool.facts().crashLoop?.error ?? ""));
  const waits = returned(pool, aJob("pid"));
  for (const file of files.splice(0)) closeSync(file);
  await waits;
});
