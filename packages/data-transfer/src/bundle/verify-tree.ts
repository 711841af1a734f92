import { constants } from "node:fs";
import { open, opendir } from "node:fs/promises";
import { join } from "node:path";
import { DuplicateMember, ExtraFile, MissingFile, UnsafeMember } from "../errors/package.ts";
import type { ExpectedFile } from "./fact-table.ts";
import { type ChecksumAlgorithm, createHasher, type Hasher } from "./hash.ts";
import type { Manifest } from "./manifest.ts";
import { createMemberRegister } from "./member-register.ts";
import { escapeName } from "./names.ts";
import type { FileSum } from "./sum-file.ts";
import { translateWriteError } from "./translate-write-error.ts";

/** How a published tree compares with the catalogue. */
export interface TreeReport {
  intact: boolean;
  /** The first of them; {@link differenceCount} counts all. */
  differences: TreeDifference[];
  differenceCount: number;
  /** How many files are as the catalogue says. */
  files: number;
  /** Of the digests that `onFile` was told. */
  sumAlgorithm: ChecksumAlgorithm;
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

export interface VerifyOptions {
  signal: AbortSignal;
  onBytes?(bytes: number): void;
  /** A file that is as the catalogue says. */
  onFile?(sum: FileSum): void;
  /** Awaited now and then: whoever takes the files may need time. */
  room?(): Promise<void> | undefined;
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
  { signal, onBytes, onFile, room }: VerifyOptions,
): Promise<TreeReport> {
  const register = await createMemberRegister(manifest);
  const { sumAlgorithm } = register;
  const report: TreeReport = {
    ...{ intact: true, differences: [], differenceCount: 0, files: 0, sumAlgorithm },
    ...{ bytes: 0, withoutChecksum: 0 },
  };
  const hashers = new Map<ChecksumAlgorithm, Hasher>();
  const buffer = Buffer.allocUnsafe(readSize);
  await verifyDirectory("");
  await register.complete().catch((error: unknown) => {
    if (!(error instanceof MissingFile)) throw error;
    const { paths, count } = error.facts as { paths: string[]; count: number };
    for (const path of paths) differs({ kind: "missing", path });
    report.differenceCount += count - paths.length;
  });
  return report;

  async function verifyDirectory(below: string): Promise<void> {
    const path = join(directory, below);
    try {
      for await (const entry of await opendir(path, { bufferSize: 256 })) {
        signal.throwIfAborted();
        const inside = below === "" ? entry.name : `${below}/${entry.name}`;
        if (entry.isDirectory()) await verifyDirectory(inside);
        else if (entry.isFile()) await verifyFile(inside);
        else differs({ kind: "not-a-file", path: escapeName(inside) });
        await room?.();
      }
    } catch (error) {
      throw translateWriteError(error, path, "readdir");
    }
  }

  async function verifyFile(path: string): Promise<void> {
    const expected = lookUp(path);
    if (expected === "extra") return differs({ kind: "extra", path: escapeName(path) });
    const used = await hashersFor(expected);
    const size = await hashFile(join(directory, path), [...used.values()]);
    const digests = new Map([...used].map(([algorithm, hasher]) => [algorithm, hasher.digest()]));
    if (expected !== undefined && size !== expected.size) {
      return differs({ kind: "size", path: escapeName(path), expected: expected.size, found: size });
    }
    for (const { algorithm, digest } of expected?.checksums ?? []) {
      const found = digests.get(algorithm);
      if (found !== digest) return differs({ kind: "checksum", path: escapeName(path), expected: digest, found });
    }
    if ((expected?.checksums ?? []).length === 0) report.withoutChecksum += 1;
    report.files += 1;
    onFile?.({ path, size, digest: digests.get(sumAlgorithm) as string });
  }

  function lookUp(path: string): ExpectedFile | undefined | "extra" {
    try {
      return register.file(path, path.split("/"), 0);
    } catch (error) {
      if ([ExtraFile, DuplicateMember, UnsafeMember].some((type) => error instanceof type)) return "extra";
      throw error;
    }
  }

  async function hashersFor(expected: ExpectedFile | undefined): Promise<Map<ChecksumAlgorithm, Hasher>> {
    const used = new Map<ChecksumAlgorithm, Hasher>();
    for (const algorithm of [sumAlgorithm, ...(expected?.checksums ?? []).map((one) => one.algorithm)]) {
      const hasher = hashers.get(algorithm) ?? (await createHasher(algorithm));
      hashers.set(algorithm, hasher);
      hasher.reset();
      used.set(algorithm, hasher);
    }
    return used;
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
      report.differences.push(difference);
    }
  }
}
