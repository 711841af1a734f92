import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChecksumAlgorithm } from "../../packages/data-transfer/src/bundle/hash.ts";
import { type TarFile, writeTar } from "./tar-file.ts";

export interface SetShape {
  /** Packages that are moved at once. */
  packages: number;
  /** In each of them. */
  files: number;
  /** Of the files of each, in bytes. */
  bytes: number;
}

export interface SamplePackage {
  name: string;
  /** Name of the tar in the folder that is served. */
  key: string;
  tar: string;
  /** Of the tar, in bytes. */
  size: number;
  files: number;
  manifests: Readonly<Record<ChecksumAlgorithm, string>>;
  /** What `xxhsum --check` or `sha256sum --check` takes, for the tar and for its files. */
  sums: Readonly<Record<ChecksumAlgorithm, { tar: string; files: string }>>;
}

export interface SampleSet extends SetShape {
  /** `2 GiB in 10 files` */
  what: string;
  all: readonly SamplePackage[];
  /** Of all its files, in bytes. */
  total: number;
  remove(): Promise<void>;
}

export const mebibyte = 2 ** 20;
export const gibibyte = 2 ** 30;

export const largeFiles: SetShape = { packages: 1, files: 10, bytes: 2 * gibibyte };
export const middleFiles: SetShape = { packages: 1, files: 1_000, bytes: 2 * gibibyte };
export const smallFiles: SetShape = { packages: 1, files: 20_000, bytes: 512 * mebibyte };
export const manyPackages: SetShape = { packages: 8, files: 10, bytes: 256 * mebibyte };

const algorithms = ["xxh64", "sha256"] as const satisfies readonly ChecksumAlgorithm[];

/**
 * Makes packages of incompressible data in `folder`, each with a manifest and lists of checksums for either algorithm: an
 * archive's catalogue has one of them.
 */
export async function makeSet(folder: string, shape: SetShape, scale = 1): Promise<SampleSet> {
  const { packages, files, bytes } = scaled(shape, scale);
  await mkdir(folder, { recursive: true });
  const all: SamplePackage[] = [];
  for (let number = 1; number <= packages; number++) {
    const name = `sample-${number}`;
    const tar = join(folder, `${name}.tar`);
    const written = await writeTar(tar, { files, bytes, seed: number }, algorithms);
    const lists = await Promise.all(algorithms.map((algorithm) => describe(join(folder, name), written, algorithm)));
    const by = <Value>(value: (list: Lists) => Value) =>
      Object.fromEntries(lists.map((list) => [list.algorithm, value(list)])) as Record<ChecksumAlgorithm, Value>;
    all.push({
      ...{ name, key: `${name}.tar`, tar, size: written.size, files },
      manifests: by(({ manifest }) => manifest),
      sums: by(({ sums }) => sums),
    });
  }
  return {
    ...{ packages, files, bytes, all, total: packages * bytes },
    what: wording({ packages, files, bytes }),
    remove: () => rm(folder, { recursive: true }),
  };
}

interface Lists {
  algorithm: ChecksumAlgorithm;
  manifest: string;
  sums: { tar: string; files: string };
}

async function describe(path: string, tar: TarFile, algorithm: ChecksumAlgorithm): Promise<Lists> {
  const manifest = `${path}.${algorithm}.json`;
  const sums = { tar: `${path}.tar.${algorithm}`, files: `${path}.${algorithm}` };
  const entries = tar.files.map(({ path, size, digests }) =>
    JSON.stringify({ path, size, [algorithm]: digests[algorithm] }),
  );
  const about = JSON.stringify({ size: tar.size, [algorithm]: tar.digests[algorithm] });
  await writeFile(manifest, `{"package":${about},"files":[\n${entries.join(",\n")}\n]}\n`);
  await writeFile(sums.tar, `${tar.digests[algorithm]}  ${path.slice(path.lastIndexOf("/") + 1)}.tar\n`);
  await writeFile(sums.files, tar.files.map(({ path, digests }) => `${digests[algorithm]}  ${path}\n`).join(""));
  return { algorithm, manifest, sums };
}

function scaled({ packages, files, bytes }: SetShape, scale: number): SetShape {
  return {
    packages,
    files: Math.max(Math.min(files, 10), Math.round(files * scale)),
    bytes: Math.round(bytes * scale),
  };
}

function wording({ packages, files, bytes }: SetShape): string {
  const size = bytes % gibibyte === 0 ? `${bytes / gibibyte} GiB` : `${Math.round(bytes / mebibyte)} MiB`;
  if (packages > 1) return `${packages} packages of ${size} at once`;
  return `${size} in ${files.toLocaleString("en")} ${files === 1 ? "file" : "files"}`;
}
