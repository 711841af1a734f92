import { constants } from "node:fs";
import { chmod, lstat, open, opendir, rmdir, unlink } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

export interface Removed {
  files: number;
  bytes: number;
}

/** Entries removed before others get a turn at the file system. */
const step = 200;

/**
 * Removes a directory of ours with all that is in it, in small steps with a pause after each, however many files it has:
 * names are read a few at a time. Links are removed, not followed. What is gone already is no error.
 *
 * @param path  best below an open folder, `/proc/self/fd/{fd}/{name}`
 * @throws the signal's reason between two steps; what is left then is removed by the next call
 */
export async function removeInSteps(path: string, signal: AbortSignal): Promise<Removed> {
  const removed: Removed = { files: 0, bytes: 0 };
  let done = 0;
  const oneMore = async () => {
    if (++done % step !== 0) return;
    await pause(2);
    signal.throwIfAborted();
  };

  async function empty(directory: Buffer): Promise<void> {
    const folder = await open(directory, 0o10000000 | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      const here = `/proc/self/fd/${folder.fd}`;
      // An attempt that died before it set a directory's mode could leave something that is never removed.
      await chmod(here, 0o700);
      // Names as they are: what an attempt wrote is UTF-8, what somebody else put there need not be.
      const entries = await opendir(`${here}/.`, { encoding: "buffer" as BufferEncoding, bufferSize: 64 });
      for await (const { name } of entries) {
        await remove(Buffer.concat([Buffer.from(`${here}/`), name as unknown as Buffer]));
      }
    } finally {
      await folder.close();
    }
  }

  async function remove(entry: Buffer): Promise<void> {
    signal.throwIfAborted();
    try {
      const stats = await lstat(entry);
      if (stats.isDirectory()) {
        await empty(entry);
        await rmdir(entry);
      } else {
        await unlink(entry);
        removed.files += 1;
        removed.bytes += stats.size;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    await oneMore();
  }

  await remove(Buffer.from(path));
  return removed;
}
