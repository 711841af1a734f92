import { mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { jobProgress } from "../packages/data-transfer/src/opsdb/job-progress.ts";
import { stagedDirectory } from "../packages/data-transfer/src/staging/destination.ts";
import { requestStaging } from "../packages/data-transfer/src/staging/request.ts";
import { type ArchivedPackage, archivePackage } from "./archive-package.ts";
import type { Figure } from "./figure.ts";
import { mebibyte } from "./mover/sample-set.ts";
import type { Tools } from "./mover/tools.ts";
import { peakMemory } from "./process-figures.ts";
import type { Rig } from "./rig.ts";

/** Packages at a time: as the settings have it where nobody says otherwise, and more. */
const concurrencies = [2, 8] as const;
const patience = 20 * 60_000;

/**
 * Requests many small packages at once: a manager rings for them, one worker stages them. Counted are those that are recorded
 * as staged in the time from before the request to the end of its job.
 */
export async function measureRate(tools: Tools): Promise<Figure[]> {
  const count = Math.max(1, Math.round(1_000 * tools.scale));
  const rig = await tools.rig();
  tools.say(`rate: making ${count} packages of 1 MiB`);
  const packages: ArchivedPackage[] = [];
  for (let number = 1; number <= count; number++) {
    const name = `small-${String(number).padStart(4, "0")}`;
    packages.push(await archivePackage(rig, { name, from: "S3", files: 4, bytes: mebibyte, seed: number }));
  }
  const figures: Figure[] = [];
  for (const concurrency of concurrencies) {
    const { seconds, peak } = await stageAll(tools, rig, packages, concurrency);
    const what = `${count} packages of 1 MiB in 4 files, ${concurrency} at a time`;
    tools.say(`rate: ${what}: ${seconds.toFixed(1)} s`);
    figures.push(
      { measurement: "rate", what: `${what}: staged`, value: count / seconds, unit: "/s", promised: undefined },
      { measurement: "rate", what: `${what}: peak RSS`, value: peak / mebibyte, unit: "MiB", promised: undefined },
    );
  }
  for (const { key } of packages) await rm(join(rig.archive.path, key));
  return figures;
}

async function stageAll(
  { attic }: Tools,
  rig: Rig,
  packages: readonly ArchivedPackage[],
  concurrency: number,
): Promise<{ seconds: number; peak: number }> {
  const worker = await rig.startWorker({ worker__concurrency: String(concurrency) });
  const manager = await rig.startManager();
  try {
    const wanted = { packages: packages.map(({ name }) => name), destination: "ramses_processing" };
    const began = performance.now();
    const { id } = await requestStaging(rig.db, { ...wanted, requester: "bench", lifetime: 86_400, priority: 6 });
    await endOf(rig, id, packages.length);
    return { seconds: (performance.now() - began) / 1000, peak: peakMemory(worker.pid) };
  } finally {
    await manager.stop();
    await worker.stop();
    const staged = dirname(stagedDirectory(rig.directory, rig.destination, packages[0]!.name));
    await rename(staged, await mkdtemp(join(attic, "staged-")));
  }
}

/** @throws {Error} when an item fails */
async function endOf({ db }: Rig, jobId: number, items: number): Promise<void> {
  const deadline = AbortSignal.timeout(patience);
  for (;;) {
    deadline.throwIfAborted();
    const { counts } = (await jobProgress(db, jobId))!;
    if (counts.completed === items) return;
    if (counts.failed > 0) throw new Error(`job ${jobId}: ${JSON.stringify(counts)}`);
    await pause(50);
  }
}
