import { constants } from "node:fs";
import { TakenOver } from "../errors/destination.ts";
import { errnoOf } from "../errors/errno.ts";
import { diskCalls as calls } from "./disk-calls.ts";
import { type LargeFile, openLargeFile } from "./large-file.ts";
import { createSmallFiles } from "./small-files.ts";
import { translateWriteError } from "./translate-write-error.ts";
import { borrowWriteMemory, returnWriteMemory, type Slab, slabSize } from "./write-memory.ts";

/** Permissions of what is written; owner and modes that a package may carry are not looked at. */
export interface TreeModes {
  file: number;
  dir: number;
  /** Group of files and directories; that of the process by default. */
  gid?: number;
}

export interface TreeWriterOptions {
  /** The tree's own directory: exists, belongs to us alone. */
  into: string;
  modes: TreeModes;
  signal: AbortSignal;
  /** Write large files past the page cache where the file system lets us; true by default. */
  direct?: boolean;
  /** There may be files of an earlier attempt: they give way. */
  anew?: boolean;
  /**
   * So many small files are synced one by one, those that come after them all together where the system can do that; 128 by
   * default, since that makes the file system write everybody's data.
   */
  syncedAlone?: number;
  /**
   * Told when `bytes` of the file of that number are durable: all of it, synced and closed, or so many from its beginning.
   * Files have their numbers in the order of {@link TreeWriter.begin}, from 0, but end in any order.
   */
  onDurable?(file: number, bytes: number): void;
}

/** Writes the files of one tree behind the back of whoever feeds it. Feeding is synchronous, one file after the other. */
export interface TreeWriter {
  directory(segments: readonly string[]): void;
  /** @param size bytes that the file will have
   *  @returns its number */
  begin(segments: readonly string[], size: number): number;
  /** The next bytes of the file begun, {@link pieceSize} at most; copied. */
  write(bytes: Uint8Array): void;
  finish(): void;
  /**
   * To be looked at before every {@link write}: a promise where more is on its way than memory should hold, undefined where
   * there is room. @throws see done()
   */
  room(): Promise<void> | undefined;
  /**
   * Resolves when every file is written, synced and closed.
   *
   * @throws NoSpace, DestinationNotWritable, StorageFailed, TakenOver (the directory is gone), the signal's reason
   */
  done(): Promise<void>;
  /**
   * Resolves when all that has come so far is durable as far as it can be: whole files, and large ones to their last
   * checkpoint. For an end that is not the writer's fault, so that a later attempt finds as much as possible. Never throws.
   */
  settle(): Promise<void>;
  /** All directories of the tree, its own included, those above before those below. */
  directories(): string[];
  /** Begins nothing new and resolves when nothing is on its way, so that the tree can be removed. Never throws. */
  stop(): Promise<void>;
}

/** Bytes that may be written between two looks at {@link TreeWriter.room}. */
export const pieceSize = 256 * 1024;
/** Large files are synced whenever they have grown by so much, so that an interrupted one is not begun anew. */
export const checkpointSize = 32 * 1024 * 1024;
/** Files below this are written whole, by threads. */
const smallSize = 256 * 1024;
/** Files and folders that may be on their way to the disk at once. */
const maxUnderway = 64;

interface Growing {
  number: number;
  path: string;
  size: number;
  /** Bytes that have come. */
  position: number;
  /** The folder that it lies in is made. */
  parent: Promise<void>;
  slab: Slab | undefined;
  /** Small ones: where it begins in its slab. Large ones: the place in the file of the slab's first byte. */
  start: number;
  large: { file: Promise<LargeFile | undefined>; writes: Set<Promise<void>>; tail: Promise<void> } | undefined;
}

/**
 * Large files are written in pieces of 1 MiB while they grow, several on their way; small ones whole, by threads, many at
 * once. What waits to be written lies in 8 MiB of memory.
 */
export function createTreeWriter(options: TreeWriterOptions): TreeWriter {
  const { into, modes, signal, direct = true, anew = false, syncedAlone = 128, onDurable } = options;
  // The process's umask would take bits away from what the settings say.
  const masked = (modes.file & process.umask()) !== 0;
  const directories = new Map<string, Promise<void>>([[into, Promise.resolve()]]);
  const underway = new Set<Promise<void>>();
  const memory = borrowWriteMemory();
  let current: Growing | undefined;
  let count = 0;
  let failure: { error: unknown } | undefined;
  let stopped = false;
  let wake: (() => void) | undefined;

  const fail = (error: unknown, path: string) => {
    failure ??= { error: translate(error, path) };
    wake?.();
  };
  const smallFiles = createSmallFiles({
    ...{ into, memory, mode: modes.file, masked, gid: modes.gid, anew, syncedAlone, fail, follow, onDurable },
    hasFailed: () => failure !== undefined,
  });
  const aborted = () => fail(signal.reason, into);
  signal.addEventListener("abort", aborted, { once: true });
  if (signal.aborted) aborted();

  return {
    directory(segments) {
      void makeDirectory(pathOf(segments));
    },

    begin(segments, size) {
      const path = pathOf(segments);
      const parent = makeDirectory(folderOf(path));
      const file: Growing = {
        ...{ number: count++, path, size, position: 0, parent, slab: undefined, start: 0, large: undefined },
      };
      if (size >= smallSize) file.large = beginLarge(file);
      else if (size > 0) smallFiles.place(file);
      current = file;
      return file.number;
    },

    write(bytes) {
      const file = current as Growing;
      if (file.large === undefined) {
        (file.slab as Slab).memory.set(bytes, file.start + file.position);
        file.position += bytes.length;
        return;
      }
      for (let at = 0; at < bytes.length; ) {
        file.slab ??= memory.take();
        const { slab } = file;
        const length = Math.min(bytes.length - at, slabSize - slab.filled);
        slab.memory.set(bytes.subarray(at, at + length), slab.filled);
        slab.filled += length;
        file.position += length;
        at += length;
        if (slab.filled === slabSize) writePiece(file);
        if (file.position % checkpointSize === 0 && file.position < file.size) checkpoint(file, file.position);
      }
    },

    finish() {
      const file = current as Growing;
      current = undefined;
      if (file.large === undefined) return smallFiles.add(file);
      if (file.slab !== undefined) writePiece(file);
      follow(finishLarge(file));
    },

    room() {
      if (failure !== undefined) throw failure.error;
      if (!full()) return undefined;
      // What fills the memory may be small files that no thread has yet.
      smallFiles.send();
      return untilRoom();
    },

    async done() {
      smallFiles.finish();
      while (underway.size > 0 && failure === undefined) await Promise.race([...underway, woken()]);
      if (failure !== undefined) throw failure.error;
      signal.removeEventListener("abort", aborted);
    },

    async settle() {
      smallFiles.finish();
      while (underway.size > 0 && failure === undefined) await Promise.race([...underway, woken()]);
      await current?.large?.tail;
    },

    directories: () => [...directories.keys()],

    async stop() {
      failure ??= { error: new Error("the writing was stopped") };
      if (current?.large !== undefined) {
        if (current.slab !== undefined) memory.release(current.slab);
        follow(finishLarge(current));
      }
      current = undefined;
      signal.removeEventListener("abort", aborted);
      while (underway.size > 0) await Promise.all(underway);
      if (stopped) return;
      stopped = true;
      await smallFiles.stop();
      returnWriteMemory(memory);
    },
  };

  /** Names of members are plain ones: there is nothing to be resolved. */
  function pathOf(segments: readonly string[]): string {
    return segments.length === 0 ? into : `${into}/${segments.join("/")}`;
  }

  /** A piece may need a slab for the end of a large file, for small ones behind it, and for the beginning of the next large one. */
  function full(): boolean {
    return memory.free < 3 || underway.size > maxUnderway;
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
    const made = makeDirectory(folderOf(path)).then(async () => {
      if (failure !== undefined) return;
      try {
        await calls.mkdir(path, modes.dir).catch((error: unknown) => {
          if (!anew || errnoOf(error) !== "EEXIST") throw error;
        });
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

  // ---- large files ----

  function beginLarge({ path, parent }: Growing): NonNullable<Growing["large"]> {
    const file = parent.then(async () => {
      if (failure !== undefined) return undefined;
      try {
        return await openLargeFile(path, { mode: modes.file, masked, gid: modes.gid, anew, direct });
      } catch (error) {
        fail(error, path);
        return undefined;
      }
    });
    return { file, writes: new Set(), tail: file.then(() => {}) };
  }

  /** Hands the slab over; several pieces of a file may be on their way. */
  function writePiece(file: Growing): void {
    const { path, start } = file;
    const slab = file.slab as Slab;
    const large = file.large as NonNullable<Growing["large"]>;
    file.slab = undefined;
    file.start = file.position;
    const { tail } = large;
    const piece: Promise<void> = tail
      .then(async () => {
        const opened = await large.file;
        if (failure === undefined) await opened?.write(slab.memory, slab.filled, start);
      })
      .catch((error: unknown) => fail(error, path))
      .finally(() => {
        large.writes.delete(piece);
        memory.release(slab);
        wake?.();
      });
    large.writes.add(piece);
  }

  /** What comes after it waits for it, so that the file holds no more than is synced. */
  function checkpoint(file: Growing, bytes: number): void {
    const large = file.large as NonNullable<Growing["large"]>;
    const before = [...large.writes];
    large.tail = Promise.all(before)
      .then(async () => {
        const opened = await large.file;
        if (failure !== undefined || opened === undefined) return;
        await opened.checkpoint();
        onDurable?.(file.number, bytes);
      })
      .catch((error: unknown) => fail(error, file.path));
  }

  async function finishLarge({ number, path, size, large }: Growing): Promise<void> {
    const { file, writes, tail } = large as NonNullable<Growing["large"]>;
    await tail;
    await Promise.all(writes);
    const opened = await file;
    if (failure !== undefined) return await opened?.abandon();
    try {
      await opened?.finish(size);
      onDurable?.(number, size);
    } catch (error) {
      fail(error, path);
    }
  }

  /** What is missing below a directory that we made ourselves was taken from us: a successor has renamed it. */
  function translate(error: unknown, path: string): unknown {
    if (errnoOf(error) === "ENOENT") return new TakenOver({ path: into }, { cause: error });
    return translateWriteError(error, path, (error as NodeJS.ErrnoException | undefined)?.syscall ?? "write");
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
