import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createHasher, type Hasher } from "./hash.ts";
import { indexManifest, type Manifest } from "./manifest.ts";
import { escapeName } from "./names.ts";
import type { FileSum } from "./sum-file.ts";
import { translateWriteError } from "./translate-write-error.ts";

/** How a published tree compares with the catalogue. */
export interface TreeReport {
  intact: boolean;
  /** The first of them; {@link differenceCount} counts all. */
  differences: TreeDifference[];
  differenceCount: number;
  /** Files that are as the catalogue says, with digests by {@link sumAlgorithm}. */
  files: FileSum[];
  sumAlgorithm: string;
  /** Bytes that were read. */
  bytes: number;
  /** Of the files, those whose size alone could be compared: the catalogue has no checksum for them. */
  withoutChecksum: number;
}

export interface TreeDifference {
  kind: "missing" | "extra" | "size" | "checksum" | "not-a-file";
  /** Escaped. */
  path: string;
  expected?: string | number;
  found?: string | number;
}

const differencesTold = 100;
const readSize = 1024 * 1024;

/**
 * Reads a published package again and compares it with the catalogue: names, sizes and checksums. Follows no link.
 * Differences are reported, not thrown.
 *
 * @throws StorageFailed, DestinationNotWritable (it cannot be read), ManifestInvalid, UnknownAlgorithm, the signal's reason
 */
export async function verifyTree(
  directory: string,
  manifest: Manifest,
  { signal, onBytes }: { signal: AbortSignal; onBytes?: (bytes: number) => void },
): Promise<TreeReport> {
  const index = indexManifest(manifest);
  const report: TreeReport = {
    ...{ intact: true, differences: [], differenceCount: 0, files: [], sumAlgorithm: index.sumAlgorithm },
    ...{ bytes: 0, withoutChecksum: 0 },
  };
  const hashers = new Map<string, Hasher>();
  const buffer = Buffer.allocUnsafe(readSize);
  await verifyDirectory("");
  const { paths, count } = index.left();
  for (const path of paths) differs({ kind: "missing", path });
  report.differenceCount += count - paths.length;
  return report;

  async function verifyDirectory(below: string): Promise<void> {
    const entries = await readdir(join(directory, below), { withFileTypes: true }).catch((error) => {
      throw translateWriteError(error, join(directory, below), "readdir");
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      signal.throwIfAborted();
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await verifyDirectory(path);
      else if (entry.isFile()) await verifyFile(path);
      else differs({ kind: "not-a-file", path });
    }
  }

  async function verifyFile(path: string): Promise<void> {
    const expected = index.take(path);
    if (expected === undefined) return differs({ kind: "extra", path });
    const algorithms = new Set([index.sumAlgorithm, expected.checksum?.algorithm ?? index.sumAlgorithm]);
    const used = await Promise.all([...algorithms].map(hasher));
    const size = await hashFile(join(directory, path), used);
    const digests = new Map(used.map((one) => [one.algorithm as string, one.digest()]));
    if (size !== expected.size) return differs({ kind: "size", path, expected: expected.size, found: size });
    if (expected.checksum === undefined) report.withoutChecksum += 1;
    else if (digests.get(expected.checksum.algorithm) !== expected.checksum.digest) {
      const found = digests.get(expected.checksum.algorithm);
      return differs({ kind: "checksum", path, expected: expected.checksum.digest, found });
    }
    report.files.push({ path, size, digest: digests.get(index.sumAlgorithm) as string });
  }

  async function hasher(algorithm: string): Promise<Hasher> {
    const found = hashers.get(algorithm) ?? (await createHasher(algorithm));
    hashers.set(algorithm, found);
    found.reset();
    return found;
  }

  /** @returns bytes of the file */
  async function hashFile(path: string, used: readonly Hasher[]): Promise<number> {
    try {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        for (let size = 0; ; ) {
          signal.throwIfAborted();
          const { bytesRead } = await file.read(buffer, 0, buffer.length, size);
          if (bytesRead === 0) return size;
          for (const one of used) one.update(buffer.subarray(0, bytesRead));
          size += bytesRead;
          report.bytes += bytesRead;
          onBytes?.(report.bytes);
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      throw translateWriteError(error, path, "read");
    }
  }

  function differs(difference: TreeDifference): void {
    report.intact = false;
    report.differenceCount += 1;
    if (report.differences.length < differencesTold) {
      report.differences.push({ ...difference, path: escapeName(difference.path) });
    }
  }
}
