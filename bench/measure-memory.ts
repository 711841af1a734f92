import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ArchivedPackage, archivePackage, type PackageShape } from "./archive-package.ts";
import type { Figure } from "./figure.ts";
import type { Tools } from "./mover/tools.ts";
import { peakMemory } from "./process-figures.ts";
import type { Rig } from "./rig.ts";
import { openBell, unstage } from "./ring.ts";

const gibibyte = 2 ** 30;

const one = { files: 1, bytes: 4 * gibibyte } as const;
const many = { files: 50_000, bytes: 4 * gibibyte } as const;
/** A kibibyte each. */
const million = { files: 1_000_000, bytes: gibibyte } as const;

/** Packages, and which of them are staged together by one worker; a promise is made for one at a time. */
const loads: readonly (readonly PackageShape[])[] = [
  [{ name: "one-file-on-disk", from: "disk", ...one }],
  [{ name: "many-files-on-disk", from: "disk", ...many }],
  [{ name: "one-file-of-s3", from: "S3", ...one }],
  [{ name: "many-files-of-s3", from: "S3", ...many }],
  [{ name: "a-million-files-of-s3", from: "S3", ...million }],
  [
    { name: "one-file-at-once", from: "S3", ...one },
    { name: "many-files-at-once", from: "S3", ...many },
  ],
];

/** Stages each load by a worker process of its own, and reads the most memory that this process ever had. */
export async function measureMemory(tools: Tools): Promise<Figure[]> {
  const { say, scale } = tools;
  const rig = await tools.rig();
  const figures: Figure[] = [];
  for (const load of loads) {
    const packages: ArchivedPackage[] = [];
    for (const full of load) {
      const shape = { ...full, files: Math.ceil(full.files * scale), bytes: Math.ceil(full.bytes * scale) };
      say(`memory: making a package of ${shape.files} files, ${(shape.bytes / gibibyte).toFixed(1)} GiB`);
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
    const size = `${Number((bytes / gibibyte).toFixed(2))} GiB in ${files.toLocaleString("en")}`;
    const single = `${size} ${files === 1 ? "file" : "files"}, from ${from}`;
    const what = packages.length === 1 ? single : `the two from ${from} at once`;
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
