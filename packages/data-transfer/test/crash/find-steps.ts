import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ground } from "./ground.ts";
import { assertStagedOnce } from "./kept-whole.ts";
import { type Step, stepsIn } from "./steps.ts";
import { attachStrace } from "./strace.ts";
import { readTracedCalls, type TracedCall } from "./traced-calls.ts";

/** Lets a worker stage package 0 at location 0 in peace, and looks at what it calls on the way. */
export async function findSteps(ground: Ground): Promise<{ steps: Step[]; calls: TracedCall[] }> {
  const worker = await ground.startOrderlyWorker([0], "in peace");
  const log = join(ground.folder, "in-peace");
  const { detach } = await attachStrace(worker.pid, { log, calls: "%file,%desc,%process" });
  const place = await ground.request(0, 0);
  await assertStagedOnce(ground, [place], "nothing");
  await detach();
  assert.equal(await worker.stop(), 0);
  const calls = readTracedCalls(await readFile(log, "utf8"));
  const steps = stepsIn(calls, place);
  assert.ok(steps.some(({ call }) => call === "rename") && steps.some(({ call }) => call === "fsync"));
  return { steps, calls };
}
