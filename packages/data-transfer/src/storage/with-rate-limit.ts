import { setTimeout as wait } from "node:timers/promises";
import type { Storage } from "./storage.ts";

/** ms whose bytes may come at once after a rest, and in one piece. */
const burst = 50;
/** A piece is not cut smaller than this, however low the limit. */
const leastPiece = 16 * 1024;

/** Bytes a second that all reads of a worker have together. */
export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #now: () => number;
  /** When all bytes that were let through will have been due. */
  #due = Number.NEGATIVE_INFINITY;

  /** @param now  ms of a clock that only goes forward */
  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#now = now;
  }

  /** Bytes that are let through in one piece. */
  get piece(): number {
    return Math.max(leastPiece, Math.floor(this.#bytesPerMs * burst));
  }

  /** Books bytes, first come, first served. @returns ms until they are due */
  book(bytes: number): number {
    const now = this.#now();
    this.#due = Math.max(this.#due, now - burst) + bytes / this.#bytesPerMs;
    return Math.max(0, this.#due - now);
  }
}

/**
 * Lets bytes through no faster than a limit that many reads share. Stands outside of the stall limit: who waits here has
 * been sent his bytes.
 */
export function withRateLimit(limit: RateLimit, storage: Storage): Storage {
  return {
    name: storage.name,
    stat: (key, signal) => storage.stat(key, signal),
    close: () => storage.close(),

    async *read(key, range, pin, signal) {
      for await (const chunk of storage.read(key, range, pin, signal)) {
        for (let at = 0; at < chunk.length; at += limit.piece) {
          const piece = chunk.subarray(at, at + limit.piece);
          const ms = limit.book(piece.length);
          if (ms >= 1) await pause(ms, signal);
          yield piece;
        }
      }
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
