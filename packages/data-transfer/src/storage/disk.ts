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

  /** Reads one chunk ahead, into two buffers that take turns: one is read into while the other is looked at. */
  async function* chunks(file: FileHandle, key: string, range: ByteRange, pin: Pin, signal: AbortSignal) {
    const end = Math.min(range.end ?? pin.size, pin.size);
    const size = Math.min(chunkSize, Math.max(0, end - range.start));
    let [current, other] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
    const read = (into: Buffer, at: number) => {
      const result = file.read(into, 0, Math.min(into.length, end - at), at);
      // It may fail while nobody awaits it yet; who does so then still gets the error.
      result.catch(() => {});
      return result;
    };
    let reading = range.start < end ? read(current, range.start) : undefined;
    try {
      for (let at = range.start; reading !== undefined; ) {
        signal.throwIfAborted();
        const { bytesRead } = await reading;
        if (bytesRead === 0) {
          await checkPin(file, key, pin, name);
          throw new ShortObject({ storage: name, key, expected: end, found: at });
        }
        at += bytesRead;
        reading = at < end ? read(other, at) : undefined;
        yield current.subarray(0, bytesRead);
        [current, other] = [other, current];
      }
    } finally {
      // The file must not be closed, nor the buffer given up, under a read that is on its way.
      await reading?.catch(() => {});
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
