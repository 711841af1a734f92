import { close, fchmod, fchown, fdatasync, fsync, ftruncate, mkdir, open, unlink, write } from "node:fs";
import { promisify } from "node:util";

/**
 * The file-system calls that write packages, so many at once and no more: each holds a thread of libuv's pool until the
 * file system answers, and one that does not answer must not take the threads that look up host names and read keys.
 *
 * bin/ccat_data_transfer.js starts Node with a pool of 64; where somebody has set another size, half of it is for us.
 */
export const diskCalls = {
  close: limited(promisify(close)),
  fchmod: limited(promisify(fchmod)),
  fchown: limited(promisify(fchown)),
  fdatasync: limited(promisify(fdatasync)),
  fsync: limited(promisify(fsync)),
  ftruncate: limited(promisify(ftruncate)),
  mkdir: limited(promisify(mkdir) as (path: string, mode: number) => Promise<void>),
  open: limited(promisify(open) as (path: string, flags: number, mode?: number) => Promise<number>),
  unlink: limited(promisify(unlink)),
  write: limited(
    promisify(write) as (
      fd: number,
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => Promise<{ bytesWritten: number }>,
  ),
};

/** Threads of libuv's pool: Node's own default is 4. */
export function threadPoolSize(): number {
  return Number(process.env.UV_THREADPOOL_SIZE) || 4;
}

/** The share of the pool that calls from this thread may hold; the threads that write small files have another quarter. */
const most = Math.max(1, Math.floor(threadPoolSize() / 4));
let underway = 0;
const waiting: (() => void)[] = [];

/** Of calls that are so limited, no more than those threads' number are on their way, whichever they are. */
export function limited<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    if (underway >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else underway += 1;
    try {
      return await call(...args);
    } finally {
      const next = waiting.shift();
      if (next === undefined) underway -= 1;
      else next();
    }
  };
}
