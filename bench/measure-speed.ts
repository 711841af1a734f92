import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import { type ArchivedPackage, archivePackage, type PackageShape } from "./archive-package.ts";
import { type Figure, median } from "./figure.ts";
import type { Rig } from "./rig.ts";
import { type Bell, openBell, unstage } from "./ring.ts";

const run = promisify(execFile);
const mebibyte = 2 ** 20;
const rounds = 5;

const packages: readonly PackageShape[] = [
  { name: "speed-large-files", from: "S3", files: 4, bytes: 1024 * mebibyte },
  { name: "speed-small-files", from: "S3", files: 6000, bytes: 512 * mebibyte },
];

/** Seconds of one round. */
interface Round {
  staging: number;
  tar: number;
  tarAndSync: number;
}

/**
 * Stages a package, and takes the same tar apart by `curl | tar x`, in turns: both over HTTP from one server on this
 * machine that has the tar in its page cache, both to one file system. The worker also hashes all bytes twice, compares them with the catalogue, syncs every file and records
 * it in PostgreSQL; tar does none of that, hence its time is given without and with a sync of the file system at the end.
 */
export async function measureSpeed(rig: Rig, say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  const worker = await rig.startWorker();
  const bell = await openBell(rig);
  try {
    for (const shape of packages) {
      const made = await archivePackage(rig, shape);
      const taken: Round[] = [];
      for (let number = 1; number <= rounds; number++) {
        const round = await measureRound(rig, bell, made);
        const shown = Object.entries(round).map(([what, seconds]) => `${what} ${seconds.toFixed(2)} s`);
        say(`speed: ${shape.files} files, round ${number} of ${rounds}: ${shown.join(", ")}`);
        taken.push(round);
      }
      figures.push(...figuresOf(shape, taken));
    }
  } finally {
    await bell.close();
    await worker.stop();
  }
  return figures;
}

async function measureRound(rig: Rig, bell: Bell, made: ArchivedPackage): Promise<Round> {
  await run("sync", ["--file-system", rig.directory]);
  const { seconds: staging } = await bell.stage(made.name);
  await unstage(rig, made.name);
  await run("sync", ["--file-system", rig.directory]);
  return { staging, ...(await curlAndTar(rig, made)) };
}

async function curlAndTar({ directory, objects }: Rig, { key }: ArchivedPackage): Promise<Omit<Round, "staging">> {
  const into = join(directory, "by-tar");
  await mkdir(into);
  const began = performance.now();
  const script = 'set -o pipefail; curl --silent --show-error --fail "$1" | tar --extract --directory "$2"';
  await run("bash", ["-c", script, "bash", `${objects.endpoint}/${objects.bucket}/${key}`, into]);
  const extracted = performance.now();
  await run("sync", ["--file-system", into]);
  const synced = performance.now();
  await removeTree(into);
  return { tar: (extracted - began) / 1000, tarAndSync: (synced - began) / 1000 };
}

function figuresOf({ files, bytes }: PackageShape, taken: readonly Round[]): Figure[] {
  const what = `${bytes / mebibyte} MiB in ${files.toLocaleString("en")} files`;
  const middle = (part: keyof Round) => median(taken.map((round) => round[part]));
  const rate = (part: keyof Round) => bytes / 1e6 / middle(part);
  const figure = { measurement: "speed", unit: "MB/s", promised: undefined };
  const share = { measurement: "speed", unit: "x", promised: undefined };
  return [
    { ...figure, what: `${what}: staged, verified, synced, recorded`, value: rate("staging") },
    { ...figure, what: `${what}: curl | tar x; sync`, value: rate("tarAndSync") },
    { ...figure, what: `${what}: curl | tar x`, value: rate("tar") },
    { ...share, what: `${what}: staging / (curl | tar x; sync)`, value: rate("staging") / rate("tarAndSync") },
    { ...share, what: `${what}: staging / (curl | tar x)`, value: rate("staging") / rate("tar") },
  ];
}
