import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import { NotEnoughSpace } from "../errors/staging.ts";

/** Room at destinations, and what this process has promised to packages that are still on their way. */
export interface SpaceBook {
  /** Promised and not yet written, in bytes. */
  readonly reserved: number;
  /**
   * Promises `bytes` at `path`, or refuses.
   *
   * @throws NotEnoughSpace when what is free, less what is promised and `keepFree`, does not suffice
   */
  reserve(path: string, bytes: number): Promise<Reservation>;
}

export interface Reservation {
  /** Bytes written so far: that much less is still promised. */
  written(bytes: number): void;
  release(): void;
}

/** @param keepFree bytes that must stay free at every destination */
export function createSpaceBook(keepFree: number): SpaceBook {
  const promises = new Set<{ open: number }>();
  const total = () => [...promises].reduce((sum, promise) => sum + promise.open, 0);

  return {
    get reserved() {
      return total();
    },
    async reserve(path, bytes) {
      const free = await freeSpace(path);
      const reserved = total();
      if (free - reserved - keepFree < bytes)
        throw new NotEnoughSpace({ path, needed: bytes, free, reserved, keepFree });
      const promise = { open: bytes };
      promises.add(promise);
      return {
        written(done) {
          promise.open = Math.max(0, bytes - done);
        },
        release() {
          promises.delete(promise);
        },
      };
    },
  };
}

/** Bytes that an ordinary user may still write where `path` lies, or will lie once its parents are made. */
export async function freeSpace(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || at === dirname(at))
        throw translateWriteError(error, at, "statfs");
    }
  }
}
