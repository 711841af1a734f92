import { createHash } from "node:crypto";
import type { Storage } from "../../src/storage/storage.ts";
import { setTimeout as pause } from "./product/timers-promises.ts";

/** A package as the archive has it. */
export interface SimulatedPackage {
  number: number;
  name: string;
  files: { path: string; bytes: Buffer }[];
  /** The database's. */
  id: string;
}

export const root = "/data";
export const locationPath = `${root}/ramses`;
export const stagedFolder = `${locationPath}/staged`;

export function aPackage(number: number, files: number): Omit<SimulatedPackage, "id"> {
  const name = `package-${number}`;
  const members = Array.from({ length: files }, (_, i) => {
    return { path: i === 0 ? "first.fits" : `night-${i}/scan.fits`, bytes: Buffer.from(`${name}, scan ${i}`) };
  });
  return { number, name, files: members };
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function sizeOf({ files }: Pick<SimulatedPackage, "files">): number {
  return files.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Where a package's tree belongs. */
export function targetOf({ name }: Pick<SimulatedPackage, "name">): string {
  return `${stagedFolder}/${name}`;
}

/**
 * The archive: it sends a package file by file, each after its time.
 *
 * @param unreachable what to throw while it does not answer; undefined while it does
 */
export function simulatedArchive(
  packages: readonly SimulatedPackage[],
  timeOf: (number: number) => number,
  unreachable: () => Error | undefined,
): Storage {
  const find = (key: string) => packages.find(({ name }) => `${name}.tar` === key)!;
  const reach = async (ms: number, signal: AbortSignal) => {
    await pause(ms, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
    const error = unreachable();
    if (error) throw error;
  };
  return {
    name: "simulated",
    async stat(key, signal) {
      await reach(2, signal);
      return { key, size: sizeOf(find(key)), etag: "first" };
    },
    async *read(key, _range, _pin, signal) {
      const { number, files } = find(key);
      for (const { bytes } of files) {
        await reach(timeOf(number), signal);
        yield bytes;
      }
    },
    async close() {},
  };
}
