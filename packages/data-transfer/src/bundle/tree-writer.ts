import { close, constants, fchmod, fchown, fsync, mkdir, open, writev } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { TakenOver } from "../errors/destination.ts";
import { translateWriteError } from "./translate-write-error.ts";
import { bytesOf, createWriteBuffers, type Stretch } from "./write-buffers.ts";

/** Permissions of what is written; owner and modes that a package may carry are not looked at. */
export interface TreeModes {
  file: number;
  dir: number;
  /** Group of files and directories; that of the process by default. */
  gid?: number;
}

/** Writes the files of one tree behind the back of whoever feeds it. Feeding is synchronous, one file after the other. */
export interface TreeWriter {
  directory(segments: readonly string[]): void;
  begin(segments: readonly string[]): void;
  /** The next bytes of the file begun; copied. */
  write(bytes: Uint8Array): void;
  finish(): void;
  /** A promise where more is on its way than memory should hold, undefined where there is room. @throws see done() */
  room(): Promise<void> | undefined;
  /**
   * Resolves when every file is written, synced and closed.
   *
   * @throws NoSpace, DestinationNotWritable, StorageFailed, TakenOver (the directory is gone), the signal's reason
   */
  done(): Promise<void>;
  /** Begins nothing new and resolves when nothing is on its way, so that the tree can be removed. Never throws. */
  stop(): Promise<void>;
}

/** Bytes after which a file that is still growing is written out. */
const flushSize = 4 * 1024 * 1024;
/** Bytes wait for being written in slabs of this size, so many at most before {@link TreeWriter.room} makes their source wait. */
const slabSize = 1024 * 1024;
const maxSlabs = 16;
/** Files and folders that may be on their way to the disk at once. */
const maxFiles = 64;

interface GrowingFile {
  path: string;
  pending: Stretch[];
  pendingBytes: number;
  /** Bytes handed over for writing. */
  handed: number;
  descriptor: number | undefined;
  /** Ends when all that was handed over is written. */
  tail: Promise<void>;
}

/**
 * Large files are written in pieces of 4 MiB while they grow; of small ones many are written, synced and closed at once.
 * Each file is made new, never opened: O_CREAT | O_EXCL | O_NOFOLLOW.
 *
 * @param into the private directory: exists, is empty, belongs to us alone
 */
export function createTreeWriter(into: string, modes: TreeModes, signal: AbortSignal): TreeWriter {
  // The process's umask would take bits away from what the settings say.
  const masked = (modes.file & process.umask()) !== 0;
  const directories = new Map<string, Promise<void>>([[into, Promise.resolve()]]);
  const underway = new Set<Promise<void>>();
  const buffers = createWriteBuffers(slabSize);
  let current: GrowingFile | undefined;
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;

  const fail = (error: unknown, path: string) => {
    failure ??= { error: translate(error, path) };
    wake?.();
  };
  const aborted = () => fail(signal.reason, into);
  signal.addEventListener("abort", aborted, { once: true });
  if (signal.aborted) aborted();

  return {
    directory(segments) {
      void makeDirectory(join(into, ...segments));
    },

    begin(segments) {
      const path = join(into, ...segments);
      const parent = makeDirectory(join(path, ".."));
      current = { path, pending: [], pendingBytes: 0, handed: 0, descriptor: undefined, tail: parent };
    },

    write(bytes) {
      const file = current as GrowingFile;
      buffers.put(bytes, file.pending);
      file.pendingBytes += bytes.length;
      if (file.pendingBytes >= flushSize) handOver(file);
    },

    finish() {
      const file = current as GrowingFile;
      current = undefined;
      handOver(file);
      follow(closeAfter(file));
    },

    room() {
      if (failure !== undefined) throw failure.error;
      return full() ? untilRoom() : undefined;
    },

    async done() {
      while (underway.size > 0 && failure === undefined) await Promise.race([...underway, woken()]);
      if (failure !== undefined) throw failure.error;
      signal.removeEventListener("abort", aborted);
    },

    async stop() {
      failure ??= { error: new Error("the writing was stopped") };
      if (current !== undefined) follow(closeAfter(current));
      current = undefined;
      signal.removeEventListener("abort", aborted);
      while (underway.size > 0) await Promise.all(underway);
    },
  };

  function full(): boolean {
    return buffers.used > maxSlabs || underway.size > maxFiles;
  }

  async function untilRoom(): Promise<void> {
    while (full() && failure === undefined) await woken();
    if (failure !== undefined) throw failure.error;
  }

  function woken(): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve;
    });
  }

  function follow(work: Promise<void>): void {
    const followed: Promise<void> = work.finally(() => {
      underway.delete(followed);
      wake?.();
    });
    underway.add(followed);
  }

  function makeDirectory(path: string): Promise<void> {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const made = makeDirectory(join(path, "..")).then(async () => {
      if (failure !== undefined) return;
      try {
        await calls.mkdir(path, modes.dir);
        await setModes(path);
      } catch (error) {
        fail(error, path);
      }
    });
    directories.set(path, made);
    follow(made);
    return made;
  }

  async function setModes(directory: string): Promise<void> {
    // mkdir(2) knows nothing of set-group-id.
    if ((modes.dir & (process.umask() | ~0o777)) === 0 && modes.gid === undefined) return;
    const descriptor = await calls.open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      if (modes.gid !== undefined) await calls.fchown(descriptor, -1, modes.gid);
      await calls.fchmod(descriptor, modes.dir);
    } finally {
      await calls.close(descriptor);
    }
  }

  /** Writes of one file follow one another; those of several files do not wait for each other. */
  function handOver(file: GrowingFile): void {
    const { pending, pendingBytes: bytes, handed: position } = file;
    file.pending = [];
    file.pendingBytes = 0;
    file.handed += bytes;
    file.tail = file.tail.then(async () => {
      try {
        if (failure !== undefined) return;
        file.descriptor ??= await create(file.path);
        if (bytes > 0) await writeAll(file.descriptor, pending.map(bytesOf), position);
      } catch (error) {
        fail(error, file.path);
      } finally {
        buffers.release(pending);
        wake?.();
      }
    });
  }

  async function create(path: string): Promise<number> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const descriptor = await calls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, modes.file);
    try {
      if (modes.gid !== undefined) await calls.fchown(descriptor, -1, modes.gid);
      if (masked) await calls.fchmod(descriptor, modes.file);
      return descriptor;
    } catch (error) {
      await calls.close(descriptor);
      throw error;
    }
  }

  /** ENOSPC and EDQUOT may come as late as here, at fsync or close; and a failed fsync is never repeated. */
  async function closeAfter(file: GrowingFile): Promise<void> {
    await file.tail;
    if (file.descriptor === undefined) return;
    try {
      if (failure === undefined) await calls.fsync(file.descriptor);
    } catch (error) {
      fail(error, file.path);
    } finally {
      await calls.close(file.descriptor).catch((error: unknown) => fail(error, file.path));
    }
  }

  /** What is missing below a directory that we made ourselves was taken from us: a successor has renamed it. */
  function translate(error: unknown, path: string): unknown {
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
      return new TakenOver({ path: into }, { cause: error });
    }
    return translateWriteError(error, path, (error as NodeJS.ErrnoException | undefined)?.syscall ?? "write");
  }
}

/** Writes all of it: the system may take less than it is given. Linux takes at most 1024 pieces a call. */
async function writeAll(descriptor: number, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let queue = pieces;
  for (let at = position; queue.length > 0; ) {
    const { bytesWritten } = await calls.writev(descriptor, queue.slice(0, 1024), at);
    at += bytesWritten;
    queue = without(queue, bytesWritten);
  }
}

function without(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  let first = 0;
  while (first < pieces.length && left >= (pieces[first] as Uint8Array).length) {
    left -= (pieces[first] as Uint8Array).length;
    first += 1;
  }
  const rest = pieces.slice(first);
  if (left > 0) rest[0] = (rest[0] as Uint8Array).subarray(left);
  return rest;
}

const calls = {
  close: promisify(close),
  fchmod: promisify(fchmod),
  fchown: promisify(fchown),
  fsync: promisify(fsync),
  mkdir: promisify(mkdir) as (path: string, mode: number) => Promise<void>,
  open: promisify(open) as (path: string, flags: number, mode?: number) => Promise<number>,
  writev: promisify(writev) as (
    fd: number,
    pieces: readonly Uint8Array[],
    position: number,
  ) => Promise<{ bytesWritten: number }>,
};
