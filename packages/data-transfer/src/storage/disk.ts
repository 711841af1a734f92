import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { KeyRefused, ObjectChanged, ShortObject } from "../errors/source.ts";
import type { ByteRange, ObjectInfo, Pin, Storage } from "./storage.ts";
import { translateDiskError } from "./translate-disk-error.ts";

export interface DiskStorageOptions {
  /** Absolute; keys are paths below it. It may itself be reached through links, what lies below it may not. */
  root: string;
  /** Bytes a chunk. */
  chunkSize?: number;
}

/** Packages as files below a folder: an archive on disk, and the embedded default. */
export function diskStorage({ root, chunkSize = 1024 * 1024 }: DiskStorageOptions): Storage {
  const name = `disk:${root}`;
  return {
    name,

    async stat(key, signal) {
      signal.throwIfAborted();
      const file = await openBelow(root, key, name);
      try {
        return describe(key, await file.stat({ bigint: true }));
      } catch (error) {
        throw translateDiskError(error, name, key);
      } finally {
        await file.close();
      }
    },

    async *read(key, range, pin, signal) {
      signal.throwIfAborted();
      const file = await openBelow(root, key, name);
      try {
        await checkPin(file, key, pin, name);
        yield* chunks(file, key, range, pin, signal);
        await checkPin(file, key, pin, name);
      } catch (error) {
        throw translateDiskError(error, name, key);
      } finally {
        await file.close();
      }
    },

    async close() {},
  };

  async function* chunks(file: FileHandle, key: string, range: ByteRange, pin: Pin, signal: AbortSignal) {
    const end = Math.min(range.end ?? pin.size, pin.size);
    for (let at = range.start; at < end; ) {
      signal.throwIfAborted();
      // A new buffer each time: whoever gets the chunk may hold on to it until it is written.
      const buffer = Buffer.allocUnsafeSlow(Math.min(chunkSize, end - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) {
        await checkPin(file, key, pin, name);
        throw new ShortObject({ storage: name, key, expected: end, found: at });
      }
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

async function checkPin(file: FileHandle, key: string, pin: Pin, storage: string): Promise<void> {
  const found = describe(key, await file.stat({ bigint: true }));
  if (found.etag !== pin.etag || found.size !== pin.size) {
    throw new ObjectChanged({ storage, key, pinned: pin.etag, found: found.etag });
  }
}

/** A file's version: its inode, size and times of change. */
function describe(key: string, stats: BigIntStats): ObjectInfo {
  return { key, size: Number(stats.size), etag: `${stats.ino}-${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}` };
}

/**
 * Opens the regular file that a key names, step by step below `root`, following no link at any level.
 *
 * Node has no openat(2); on Linux `/proc/self/fd/N/name` is one: the descriptor is what is looked below, whatever happens
 * to its path meanwhile.
 */
async function openBelow(root: string, key: string, storage: string): Promise<FileHandle> {
  const segments = key.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === ".." || segment.includes("\0"))) {
    throw new KeyRefused({ storage, key, why: "it is not a plain path below the location" });
  }
  const last = segments.pop() as string;
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let folder: FileHandle | undefined;
  try {
    folder = await openRoot(root, storage);
    for (const segment of segments) {
      const next = await open(`/proc/self/fd/${folder.fd}/${segment}`, toSearch | O_NOFOLLOW);
      await folder.close();
      folder = next;
    }
    // Non-blocking, or a pipe with this name would hold us for ever.
    const file = await open(`/proc/self/fd/${folder.fd}/${last}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new KeyRefused({ storage, key, why: "it is not a regular file" });
  } catch (error) {
    throw translateDiskError(error, storage, key);
  } finally {
    await folder?.close();
  }
}

/** With Linux's O_PATH, which Node does not name: the right to search a folder suffices, it need not be readable. */
const toSearch = 0o10000000 | constants.O_DIRECTORY;

/** Its absence is not that of a package: the archive is not mounted here. */
async function openRoot(root: string, storage: string): Promise<FileHandle> {
  try {
    return await open(root, toSearch);
  } catch (error) {
    throw translateDiskError(error, storage);
  }
}
