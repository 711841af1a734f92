/**
 * A thread that writes small files whole: open, write, fsync where that is asked for, close. Started by small-file-crew.ts.
 *
 * Opening and writing are synchronous here, which costs a fraction of what the same calls cost the main thread; syncing,
 * which waits for the disk, is not, so that many files wait together.
 */
import { closeSync, constants, fchmodSync, fchownSync, fsync, openSync, unlinkSync, writeSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { SmallFileBatch, SmallFileReport } from "./small-file-crew.ts";

const port = parentPort as NonNullable<typeof parentPort>;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

port.on("message", (batch: SmallFileBatch) => {
  const memory = memoryOf(batch);
  const report: SmallFileReport = { id: batch.id, failures: [] };
  const paths = batch.paths.split("\0");
  let left = paths.length;
  const ended = () => {
    left -= 1;
    if (left === 0) port.postMessage(report);
  };
  for (const [index, path] of paths.entries()) {
    const start = batch.places[2 * index] as number;
    const length = batch.places[2 * index + 1] as number;
    const failed = (error: NodeJS.ErrnoException) => {
      const { code, errno, syscall, message } = error;
      report.failures.push({ index, code, errno, syscall, message });
    };
    let descriptor: number | undefined;
    try {
      descriptor = create(path, batch);
      for (let done = 0; done < length; ) {
        done += writeSync(descriptor, memory, start + done, length - done, done);
      }
    } catch (error) {
      failed(error as NodeJS.ErrnoException);
      if (descriptor !== undefined) closeQuietly(descriptor);
      ended();
      continue;
    }
    const file = descriptor;
    if (!batch.sync) {
      close(file, failed);
      ended();
      continue;
    }
    fsync(file, (error) => {
      // ENOSPC and EDQUOT may come as late as here, or at close; and a failed fsync is never repeated.
      if (error) {
        failed(error);
        closeQuietly(file);
      } else {
        close(file, failed);
      }
      ended();
    });
  }
});

const memories = new Map<number, Buffer>();

function memoryOf({ memory, buffer }: SmallFileBatch): Buffer {
  if (buffer !== undefined) memories.set(memory, Buffer.from(buffer));
  return memories.get(memory) as Buffer;
}

/** Made new, never opened; what an earlier attempt has left under the name is removed first. */
function create(path: string, { mode, masked, gid, anew }: SmallFileBatch): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  } catch (error) {
    if (!anew || (error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    unlinkSync(path);
    descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  }
  try {
    if (gid !== undefined) fchownSync(descriptor, -1, gid);
    if (masked) fchmodSync(descriptor, mode);
    return descriptor;
  } catch (error) {
    closeQuietly(descriptor);
    throw error;
  }
}

function close(descriptor: number, failed: (error: NodeJS.ErrnoException) => void): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    failed(error as NodeJS.ErrnoException);
  }
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // What went wrong before is what counts.
  }
}
