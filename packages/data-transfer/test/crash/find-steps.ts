import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ground } from "./ground.ts";
import { assertStagedOnce } from "./kept-whole.ts";
import { assertWholeWay } from "./milestones.ts";
import { type Place, type Step, stepsIn } from "./steps.ts";
import { attachStrace } from "./strace.ts";
import { readTracedCalls, type TracedCall } from "./traced-calls.ts";

/** Lets a worker stage a package in peace, and looks at what it calls on the way. */
export async function findSteps(ground: Ground): Promise<{ steps: Step[]; calls: TracedCall[]; place: Place }> {
  const location = await ground.newLocation();
  // Its looks for leftovers would be on the way now and then.
  const worker = await ground.startOrderlyWorker([location], "in peace", { staging__leftover_interval: "1h" });
  const log = join(ground.folder, "in-peace");
  const { detach } = await attachStrace(worker.pid, { log, calls: "%file,%desc,%process" });
  const place = await ground.request(location);
  await assertStagedOnce(ground, [place], "nothing");
  await detach();
  assert.equal(await worker.stop(), 0);
  const calls = readTracedCalls(await readFile(log, "utf8"));
  const steps = stepsIn(calls, place);
  assertWholeWay(steps, Object.keys(ground.files));
  return { steps, calls, place };
}
