import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PackageWorld } from "../bundle/a-package.ts";
import type { Operation } from "./power-loss-model.ts";
import { readStraceLog } from "./strace-log.ts";

export interface Recording {
  /** What the attempt printed at its end. */
  says: string;
  operations: Operation[];
  /** Paths whose fsync was answered with success and not made. */
  lied: string[];
}

const calls = [
  ...[
    "openat",
    "mkdir",
    "mkdirat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "syncfs",
    "ftruncate",
    "rename",
    "renameat",
  ],
  ...["renameat2", "unlink", "unlinkat", "rmdir"],
  // The model does not know these: reading the log fails where one of them comes.
  ...["writev", "pwritev", "truncate", "fallocate", "copy_file_range", "link", "linkat", "symlink", "symlinkat"],
];

/**
 * Runs one attempt of bringing a package to the disk, in a process of its own, and writes down what it did below the
 * world's folder.
 *
 * @param lie the so-manieth fsync is not made, and answered with success
 * @param breakAt bytes of the archive after which its source breaks
 * @param syncedAlone small files that are synced one by one before the others are synced together
 */
export async function record(
  world: PackageWorld,
  attempt: number,
  { lie, breakAt, syncedAlone }: { lie?: number; breakAt?: number; syncedAlone?: number } = {},
): Promise<Recording> {
  const folder = dirname(world.tarPath);
  const log = join(folder, `strace-${attempt}`);
  const program = [process.execPath, join(import.meta.dirname, "../bundle/unpack-child.ts"), folder, String(attempt)];
  if (breakAt !== undefined) program.push(String(breakAt));
  const options = ["-f", "-qq", "-y", "-s", "0", "-ttt", "-o", log, "-e", `trace=${calls.join(",")}`];
  if (lie !== undefined) options.push("-e", `inject=fsync:retval=0:when=${lie}`);
  // strace counts by thread: with one for all file-system calls it counts them all.
  const env = {
    ...{ ...process.env, UV_THREADPOOL_SIZE: "1" },
    ...(syncedAlone !== undefined && { SYNCED_ALONE: String(syncedAlone) }),
  };
  const child = spawn("strace", [...options, ...program], { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  const says = output.trim().split("\n")[1] ?? "";
  return { says, ...readStraceLog(await readFile(log, "utf8"), folder) };
}
