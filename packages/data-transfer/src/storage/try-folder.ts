import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** What a package on its way does to a folder, to be tried there. */
export interface Trial {
  fileMode: number;
  dirMode: number;
  /** Number of the group that staged data belongs to; undefined where it is left as it is. */
  group: number | undefined;
  /** Whether the folder itself must be synced: one that the worker only passes through need not be. */
  own: boolean;
}

/**
 * Does once, with one byte, what staging a package does: makes a private directory, gives it its group and mode, writes a
 * file, syncs it, renames it, syncs and renames the directory, syncs the folder, and removes everything. The name is one
 * that the sweep of leftovers knows.
 *
 * Blocks; for a process that may hang.
 *
 * @throws what a call failed with; `syscall` names it. Nothing is left behind where that can be helped.
 */
export function tryFolder(folder: string, { fileMode, dirMode, group, own }: Trial): void {
  const hidden = join(folder, `.staging-probe-${randomBytes(8).toString("hex")}`);
  const shown = `${hidden}.seen`;
  mkdirSync(hidden, 0o700);
  try {
    if (group !== undefined) chownSync(hidden, -1, group);
    chmodSync(hidden, dirMode);
    writeSynced(join(hidden, "part"), fileMode);
    renameSync(join(hidden, "part"), join(hidden, "file"));
    syncFolder(hidden);
    renameSync(hidden, shown);
    if (own) syncFolder(folder);
    unlinkSync(join(shown, "file"));
    rmdirSync(shown);
  } catch (error) {
    for (const directory of [hidden, shown]) {
      for (const name of ["part", "file"]) quietly(() => unlinkSync(join(directory, name)));
      quietly(() => rmdirSync(directory));
    }
    throw error;
  }
}

function writeSynced(file: string, mode: number): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const open = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeSync(open, "x");
    chmodSync(file, mode);
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

function syncFolder(path: string): void {
  const open = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // It is not there, or cannot be removed: what is told is why the trial failed.
  }
}
