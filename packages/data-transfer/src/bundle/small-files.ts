import { type FileSystemSync, openFileSystemSync } from "./file-system-sync.ts";
import { writeSmallFiles } from "./small-file-crew.ts";
import { type Slab, slabSize, type WriteMemory } from "./write-memory.ts";

/** A file that is written whole, by a thread, once all of it has come. */
export interface SmallFile {
  number: number;
  path: string;
  /** Bytes. */
  size: number;
  /** The folder that it lies in is made. */
  parent: Promise<void>;
  /** Where its bytes lie until it is written; undefined for an empty one. */
  slab: Slab | undefined;
  /** Where it begins in the slab. */
  start: number;
}

export interface SmallFilesOptions {
  /** The directory of the tree. */
  into: string;
  memory: WriteMemory;
  mode: number;
  masked: boolean;
  gid: number | undefined;
  anew: boolean;
  /** So many are synced one by one; those that come after them all together, where the system can do that. */
  syncedAlone: number;
  /** Whether nothing more is to be written. */
  hasFailed(): boolean;
  fail(error: unknown, path: string): void;
  /** Something is on its way, until the promise resolves. */
  follow(work: Promise<void>): void;
  onDurable?(file: number, bytes: number): void;
}

/** Gathers small files in memory and has them written and synced, many at a time. */
export interface SmallFiles {
  /** Gives a file its place in memory. */
  place(file: SmallFile): void;
  /** All of its bytes have come. */
  add(file: SmallFile): void;
  /** Hands over what has been gathered, be it ever so little. */
  send(): void;
  /** The same, when nothing more comes: what is written is synced without delay. */
  finish(): void;
  /** Gives back what is held. Nothing may be on its way. */
  stop(): Promise<void>;
}

/** Files are handed to a thread so many at a time. */
const batchFiles = 16;
/** A file begins at a multiple of this in its slab: no two threads then touch one line of the processor's cache. */
const spacing = 64;
/** What is written is synced when it is so many bytes, or so many ms after the last time. */
const syncBytes = 8 * 1024 * 1024;
const syncEvery = 100;

interface Batch {
  files: SmallFile[];
  parents: Set<Promise<void>>;
}

export function createSmallFiles(options: SmallFilesOptions): SmallFiles {
  const { into, memory, mode, masked, gid, anew, syncedAlone, hasFailed, fail, follow, onDurable } = options;
  let slab: Slab | undefined;
  let batch = newBatch();
  let count = 0;
  let opening: Promise<FileSystemSync | undefined> | undefined;
  /** Written, and not durable yet. */
  let written: SmallFile[] = [];
  let writtenBytes = 0;
  let syncing = false;
  let finishing = false;
  /** Ends the wait before the next sync. */
  let hurry = () => {};

  return {
    place(file) {
      if (slab !== undefined && slab.filled + file.size > slabSize) {
        memory.release(slab);
        slab = undefined;
      }
      slab ??= memory.take();
      file.slab = slab;
      file.start = slab.filled;
      slab.filled = Math.ceil((slab.filled + file.size) / spacing) * spacing;
    },

    add(file) {
      if (file.slab !== undefined) file.slab.users += 1;
      batch.files.push(file);
      batch.parents.add(file.parent);
      if (batch.files.length === batchFiles) send();
    },

    send,

    finish() {
      send();
      finishing = true;
      hurry();
    },

    async stop() {
      for (const file of batch.files) if (file.slab !== undefined) memory.release(file.slab);
      if (slab !== undefined) memory.release(slab);
      slab = undefined;
      batch = newBatch();
      // Nothing was written through it: its end says nothing about what was.
      await opening?.then((together) => together?.close()).catch(() => {});
    },
  };

  function send(): void {
    if (batch.files.length === 0) return;
    if (count >= syncedAlone) opening ??= openFileSystemSync(into);
    follow(write(batch, opening));
    count += batch.files.length;
    batch = newBatch();
  }

  async function write({ files, parents }: Batch, opened: typeof opening): Promise<void> {
    try {
      const together = await opened;
      for (const parent of parents) await parent;
      if (hasFailed()) return;
      const sync = together === undefined;
      const places = files.map(({ path, slab: place, start, size }) => {
        return { path, start: (place?.start ?? 0) + start, length: size };
      });
      const failures = await writeSmallFiles({ memory, files: places, mode, masked, gid, anew, sync });
      const failed = new Set(failures.map(({ index }) => index));
      for (const one of failures) fail(Object.assign(new Error(one.message), one), files[one.index]?.path as string);
      const there = files.filter((_, index) => !failed.has(index));
      if (together !== undefined) leaveToSync(there, together);
      else for (const { number, size } of there) onDurable?.(number, size);
    } catch (error) {
      fail(error, files[0]?.path as string);
    } finally {
      for (const { slab: place } of files) if (place !== undefined) memory.release(place);
    }
  }

  function leaveToSync(files: SmallFile[], together: FileSystemSync): void {
    written.push(...files);
    for (const { size } of files) writtenBytes += size;
    if (writtenBytes >= syncBytes) hurry();
    if (!syncing) follow(syncWritten(together));
  }

  /** One call after the other, as long as there is something: each makes durable what was written before it began. */
  async function syncWritten(together: FileSystemSync): Promise<void> {
    syncing = true;
    try {
      while (written.length > 0 && !hasFailed()) {
        await enough();
        const files = written;
        written = [];
        writtenBytes = 0;
        await together.sync();
        for (const { number, size } of files) onDurable?.(number, size);
      }
    } catch (error) {
      fail(error, into);
    }
    syncing = false;
  }

  async function enough(): Promise<void> {
    if (finishing || writtenBytes >= syncBytes) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, syncEvery);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function newBatch(): Batch {
  return { files: [], parents: new Set() };
}
