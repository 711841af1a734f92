/**
 * The process that touches a mount for a program that cannot afford to wait for one that is stuck. It does one thing
 * at a time and blocks in it; nobody waits for it longer than they want to.
 *
 * It is started by probe-process.ts, is asked by messages, and ends when its parent is gone.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Trial, tryFolder } from "./try-folder.ts";

/** What is asked. */
export interface Question {
  id: number;
  /** Folder from which on no link is followed. */
  root: string;
  path: string;
  /** Name of a small file that is written there, synced, renamed and removed; undefined: nothing is written. */
  mark: string | undefined;
  /** What is tried there, or in the folder above that the path will be made in; undefined: nothing is. */
  trial?: Omit<Trial, "own"> | undefined;
}

/** What the file system said; an error is what one of its calls failed with. */
export interface Answer {
  id: number;
  /** The path itself, or the folder above it that is there, and the number of its file system. */
  at?: { path: string; device: number };
  statfs?: { bsize: number; blocks: number; bavail: number; files: number; ffree: number };
  error?: { errno: number; code: string; syscall: string };
}

process.on("message", (question: Question) => void process.send?.(look(question)));
process.on("disconnect", () => process.exit());
// A keystroke reaches every process of the terminal; the parent tells us when it is over.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

function look({ id, root, path, mark, trial }: Question): Answer {
  const answer: Answer = { id };
  try {
    const at = nearest(path);
    answer.at = { path: at, device: statSync(at).dev };
    const { bsize, blocks, bavail, files, ffree } = statfsSync(at);
    answer.statfs = { bsize, blocks, bavail, files, ffree };
    if (mark !== undefined && at === path && isPlainFolder(root, path)) touch(join(path, mark));
    if (trial !== undefined) {
      if (!isPlainFolder(root, at)) throw Object.assign(new Error(), { errno: -40, code: "ELOOP", syscall: "open" });
      tryFolder(at, { ...trial, own: at === path });
    }
  } catch (error) {
    const { errno = 0, code = "", syscall = "" } = error as NodeJS.ErrnoException;
    answer.error = { errno, code, syscall };
  }
  return answer;
}

/** The path itself, or the folder above it that is there. */
function nearest(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      lstatSync(at);
      return at;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || at === dirname(at)) throw error;
    }
  }
}

/** Nothing is written through a link. */
function isPlainFolder(root: string, path: string): boolean {
  const below = relative(root, path);
  if (below === ".." || below.startsWith("../")) return false;
  let at = root;
  for (const name of below.split("/").filter((part) => part !== "")) {
    at = join(at, name);
    if (!lstatSync(at).isDirectory()) return false;
  }
  return true;
}

function touch(file: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const open = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeSync(open, "a worker looks whether this file system answers\n");
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
  unlessGone(() => renameSync(file, `${file}.seen`));
  unlessGone(() => unlinkSync(`${file}.seen`));
}

/** Whoever tidies up may have taken it for a leftover: the file system answers, which is all we want to know. */
function unlessGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
