import { constants } from "node:fs";
import { errnoOf } from "../errors/errno.ts";
import { diskCalls as calls } from "./disk-calls.ts";

/** A file that is written in pieces while it grows. */
export interface LargeFile {
  /** Writes `length` bytes of a slab to a place in the file. Pieces may be on their way at the same time. */
  write(memory: Buffer, length: number, position: number): Promise<void>;
  /** Makes what has been written so far durable; call it when no piece is on its way. */
  checkpoint(): Promise<void>;
  /** Gives it its size, syncs and closes it. ENOSPC and EDQUOT may come as late as this; a failed fsync is never repeated. */
  finish(size: number): Promise<void>;
  /** Closes it as it is. Never throws. */
  abandon(): Promise<void>;
}

export interface LargeFileOptions {
  mode: number;
  /** The process's umask would take bits away from the mode. */
  masked: boolean;
  gid: number | undefined;
  /** What lies there under the name already is removed first. */
  anew: boolean;
  /** Write past the page cache where the file system lets us. */
  direct: boolean;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECT } = constants;

/** Places and lengths of direct writes are multiples of this: no file system in use asks for more. */
const alignment = 4096;

/** File systems that have refused direct writes are not asked again; a restart asks anew. */
let directRefused = false;

/**
 * Makes a file new, never opening what is there: O_CREAT | O_EXCL | O_NOFOLLOW.
 *
 * Bytes go past the page cache where that is possible: they are not read again here, and copying them into fresh pages
 * costs several times what all else costs together (docs/benchmarks.md). The last piece is then written up to a full block,
 * and the file cut to its size.
 */
export async function openLargeFile(path: string, options: LargeFileOptions): Promise<LargeFile> {
  let direct = options.direct && !directRefused;
  let descriptor = await openFirst();
  /** The first descriptor, where another one took its place: pieces may still be on their way through it. */
  let first: number | undefined;
  let reopening: Promise<void> | undefined;
  let written = 0;

  return {
    async write(memory, length, position) {
      let end = direct ? Math.ceil(length / alignment) * alignment : length;
      const wasDirect = direct;
      try {
        await writeAll(memory, end, position);
      } catch (error) {
        if (!wasDirect || errnoOf(error) !== "EINVAL") throw error;
        await goOnBuffered();
        end = length;
        await writeAll(memory, end, position);
      }
      written = Math.max(written, position + end);
    },

    checkpoint: () => calls.fdatasync(descriptor),

    async finish(size) {
      try {
        if (written !== size) await calls.ftruncate(descriptor, size);
        await calls.fsync(descriptor);
      } catch (error) {
        await abandon();
        throw error;
      }
      if (first !== undefined) await calls.close(first);
      await calls.close(descriptor);
    },

    abandon,
  };

  async function abandon(): Promise<void> {
    for (const one of [first, descriptor]) if (one !== undefined) await calls.close(one).catch(() => {});
  }

  async function openFirst(): Promise<number> {
    if (!direct) return await openAs(0);
    try {
      return await openAs(O_DIRECT);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      directRefused = true;
      direct = false;
      // open(2) may have made the file before it refused.
      return await openAs(0, true);
    }
  }

  async function openAs(flags: number, anew = options.anew): Promise<number> {
    const { mode, masked, gid } = options;
    const create = () => calls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | flags, mode);
    const opened = await create().catch(async (error: unknown) => {
      if (!anew || errnoOf(error) !== "EEXIST") throw error;
      await calls.unlink(path);
      return await create();
    });
    try {
      if (gid !== undefined) await calls.fchown(opened, -1, gid);
      if (masked) await calls.fchmod(opened, mode);
      return opened;
    } catch (error) {
      await calls.close(opened).catch(() => {});
      throw error;
    }
  }

  /** The file system took O_DIRECT at open and refuses it now, as some do for a place or a length. */
  function goOnBuffered(): Promise<void> {
    reopening ??= (async () => {
      direct = false;
      directRefused = true;
      const buffered = await calls.open(path, O_WRONLY | O_NOFOLLOW);
      first = descriptor;
      descriptor = buffered;
    })();
    return reopening;
  }

  /** Writes all of it: the system may take less than it is given. */
  async function writeAll(memory: Buffer, length: number, position: number): Promise<void> {
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await calls.write(descriptor, memory, done, length - done, position + done);
      done += bytesWritten;
    }
  }
}

/** What open(2) answers where a file system knows no O_DIRECT. */
function isRefusal(error: unknown): boolean {
  return ["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(errnoOf(error) ?? "");
}
