import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ArchivedPackage, archivePackage, type PackageShape } from "./archive-package.ts";
import type { Figure } from "./figure.ts";
import { peakMemory } from "./process-figures.ts";
import type { Rig } from "./rig.ts";
import { openBell, unstage } from "./ring.ts";

const gibibyte = 2 ** 30;

const few = { files: 10, bytes: 4 * gibibyte } as const;
const many = { files: 50_000, bytes: 4 * gibibyte } as const;

/** Packages, and which of them are staged together by one worker; a promise is made for one at a time. */
const loads: readonly (readonly PackageShape[])[] = [
  [{ name: "few-files-on-disk", from: "disk", ...few }],
  [{ name: "many-files-on-disk", from: "disk", ...many }],
  [{ name: "few-files-of-s3", from: "S3", ...few }],
  [{ name: "many-files-of-s3", from: "S3", ...many }],
  [
    { name: "few-files-at-once", from: "S3", ...few },
    { name: "many-files-at-once", from: "S3", ...many },
  ],
];

/** Stages each load by a worker process of its own, and reads the most memory that this process ever had. */
export async function measureMemory(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const load of loads) {
    const packages: ArchivedPackage[] = [];
    for (const shape of load) {
      say(`memory: making a package of ${shape.files} files, ${shape.bytes / gibibyte} GiB`);
      packages.push(await archivePackage(rig, shape));
    }
    figures.push(...(await stageAndWeigh(rig, packages)));
  }
  return figures;
}

async function stageAndWeigh(rig: Rig, packages: readonly ArchivedPackage[]): Promise<Figure[]> {
  const worker = await rig.startWorker();
  const bell = await openBell(rig);
  try {
    const staged = await Promise.all(packages.map(({ name }) => bell.stage(name)));
    const peak = peakMemory(worker.pid) / 2 ** 20;
    const [{ from, files, bytes }] = packages as [ArchivedPackage];
    const one = `${bytes / gibibyte} GiB in ${files.toLocaleString("en")} files, from ${from}`;
    const what = packages.length === 1 ? one : `the two from ${from} at once`;
    const promised = packages.length === 1 ? { below: 256 } : undefined;
    const seconds = Math.max(...staged.map((each) => each.seconds));
    return [
      { measurement: "memory", what: `${what}: peak RSS`, value: peak, unit: "MiB", promised },
      { measurement: "memory", what: `${what}: time`, value: seconds, unit: "s", promised: undefined },
    ];
  } finally {
    await bell.close();
    await worker.stop();
    for (const { name, key } of packages) {
      await unstage(rig, name);
      await rm(join(rig.archive.path, key), { force: true });
    }
  }
}
