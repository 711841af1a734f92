import { createHash } from "node:crypto";
import type { Storage } from "../../src/storage/storage.ts";
import { member, twoZeroBlocks } from "../bundle/tar-forge.ts";
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

export function aPackage(number: number, files: number): SimulatedPackage {
  const name = `package-${number}`;
  const members = Array.from({ length: files }, (_, i) => {
    // Every second one is large: it is written in pieces, with checkpoints.
    const bytes = Buffer.from(`${name}, scan ${i}, `.repeat((number + i) % 2 === 0 ? 1 : 150));
    return { path: i === 0 ? "first.fits" : `night-${i}/scan.fits`, bytes };
  });
  return { number, name, files: members, id: `10000000-0000-4000-8000-${String(number).padStart(12, "0")}` };
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Of its tar, in bytes. */
export function sizeOf(one: Pick<SimulatedPackage, "files">): number {
  return tarOf(one).reduce((sum, bytes) => sum + bytes.length, 0);
}

/** Where a package's tree belongs. */
export function targetOf({ name }: Pick<SimulatedPackage, "name">): string {
  return `${stagedFolder}/${name}`;
}

/** A package's tar, member by member, and its end. */
function tarOf({ files }: Pick<SimulatedPackage, "files">): Buffer[] {
  return [...files.map(({ path, bytes }) => member({ name: path }, bytes)), twoZeroBlocks];
}

/**
 * The archive: it sends a package member by member, each after its time.
 *
 * @param timeOf ms for each member of the package of this number
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
    async *read(key, { start }, _pin, signal) {
      const found = find(key);
      let at = 0;
      for (const bytes of tarOf(found)) {
        const from = Math.max(0, start - at);
        at += bytes.length;
        if (from >= bytes.length) continue;
        await reach(timeOf(found.number), signal);
        yield bytes.subarray(from);
      }
    },
    async close() {},
  };
}
