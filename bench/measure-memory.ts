import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ArchivedPackage, archivePackage, type PackageShape } from "./archive-package.ts";
import type { Figure } from "./figure.ts";
import { peakMemory } from "./process-figures.ts";
import type { Rig } from "./rig.ts";
import { openBell, unstage } from "./ring.ts";

const gibibyte = 2 ** 30;

export const memoryPackages: readonly PackageShape[] = [
  { name: "few-large-files", from: "disk", files: 10, bytes: 4 * gibibyte },
  { name: "many-small-files", from: "disk", files: 50_000, bytes: 4 * gibibyte },
  { name: "few-large-files-of-s3", from: "S3", files: 10, bytes: 4 * gibibyte },
];

/** Stages each package by a worker process of its own, and reads the most memory that this process ever had. */
export async function measureMemory(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const shape of memoryPackages) {
    say(`memory: making a package of ${shape.files} files, ${shape.bytes / gibibyte} GiB`);
    const made = await archivePackage(rig, shape);
    figures.push(...(await stageAndWeigh(rig, made)));
  }
  return figures;
}

async function stageAndWeigh(rig: Rig, { name, key, from, files, bytes }: ArchivedPackage): Promise<Figure[]> {
  const worker = await rig.startWorker();
  const bell = await openBell(rig);
  try {
    const { seconds } = await bell.stage(name);
    const peak = peakMemory(worker.pid) / 2 ** 20;
    const what = `${bytes / gibibyte} GiB in ${files.toLocaleString("en")} files, from ${from}`;
    return [
      { measurement: "memory", what: `${what}: peak RSS`, value: peak, unit: "MiB", promised: { below: 256 } },
      { measurement: "memory", what: `${what}: time`, value: seconds, unit: "s", promised: undefined },
    ];
  } finally {
    await bell.close();
    await worker.stop();
    await Promise.all([unstage(rig, name), rm(join(rig.archive.path, key))]);
  }
}
