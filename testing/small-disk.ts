import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import type { Scope } from "./scope.ts";

const run = promisify(execFile);

/** A file system of its own, in memory, that can be full or read-only: permission bits mean nothing to root. */
export interface SmallDisk {
  readonly path: string;
  readOnly(): Promise<void>;
  writable(): Promise<void>;
  /** It now holds so many bytes. */
  resize(bytes: number): Promise<void>;
}

/**
 * Mounts one on an existing, empty folder; gone when `scope` ends.
 *
 * @param bytes that it holds, in whole pages of 4 KiB
 */
export async function mountSmallDisk(scope: Scope, path: string, bytes: number): Promise<SmallDisk> {
  await run("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0755`, "tmpfs", path]);
  // Lazily: whoever still has something open there must not keep the test from ending.
  scope.after(async () => void (await run("umount", ["--lazy", path])));
  const remount = async (how: string) => void (await run("mount", ["-o", `remount,${how}`, path]));
  return {
    path,
    readOnly: () => remount("ro"),
    writable: () => remount("rw"),
    resize: (size) => remount(`size=${size}`),
  };
}

/**
 * For a test's `skip` option: false where file systems may be mounted, else why not.
 *
 * @throws {Error} with `CI=true`, where nothing may be skipped
 */
export function withoutMounting(): false | string {
  if (spawnSync("unshare", ["--mount", "true"]).status === 0) return false;
  const reason = "needs the right to mount a file system: run it as root";
  if (process.env.CI === "true") throw new Error(`with CI=true no test is skipped: ${reason}`);
  return reason;
}
