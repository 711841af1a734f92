import { setTimeout as wait } from "node:timers/promises";
import { LongObject, ObjectChanged, SourceUnreachable } from "../../src/errors/source.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** One bit of byte `position` of every object is wrong, each time it is read. */
export function flipsOneBit(position: number, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, pin, signal) {
      let at = range.start;
      for await (const chunk of storage.read(key, range, pin, signal)) {
        if (at <= position && position < at + chunk.length) {
          const changed = Buffer.from(chunk);
          changed[position - at] = (changed[position - at] as number) ^ 4;
          yield changed;
        } else {
          yield chunk;
        }
        at += chunk.length;
      }
    },
  };
}

/** Every body ends at byte `position` of the object, as if that were its end; nothing says so. */
export function endsEarly(position: number, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, pin, signal) {
      let at = range.start;
      for await (const chunk of storage.read(key, range, pin, signal)) {
        if (at >= position) return;
        yield chunk.subarray(0, position - at);
        at += chunk.length;
      }
    },
  };
}

/** Says nothing from byte `position` on, and does not heed its signal; `position` 0 includes questions about the object. */
export function neverAnswers(position: number, storage: Storage): Storage {
  return {
    ...storage,
    stat: (key, signal) => (position === 0 ? new Promise(() => {}) : storage.stat(key, signal)),
    async *read(key, range, pin, signal) {
      let at = range.start;
      for await (const chunk of storage.read(key, range, pin, signal)) {
        yield chunk.subarray(0, position - at);
        at += chunk.length;
        if (at > position) break;
      }
      if (at > position) await new Promise(() => {});
    },
  };
}

/** Breaks once at each of these bytes of an object (0: before anything comes, and the first `stat`), then works. */
export function failsOnce(positions: readonly number[], storage: Storage): Storage & { readonly reads: number[] } {
  const open = new Set(positions);
  let statted = !open.has(0);
  const reads: number[] = [];
  const broken = (key: string) => new SourceUnreachable({ storage: storage.name, key, what: "ECONNRESET" });
  return {
    ...storage,
    reads,
    async stat(key, signal) {
      if (!statted) {
        statted = true;
        throw broken(key);
      }
      return await storage.stat(key, signal);
    },
    async *read(key, range, pin, signal) {
      reads.push(range.start);
      let at = range.start;
      for await (const chunk of storage.read(key, range, pin, signal)) {
        const here = [...open].find((position) => at <= position && position < at + chunk.length);
        if (here !== undefined) {
          open.delete(here);
          yield chunk.subarray(0, here - at);
          throw broken(key);
        }
        at += chunk.length;
        yield chunk;
      }
    },
  };
}

/** The object is replaced once byte `position` was read: every read that comes later, or goes on beyond it, is told so. */
export function replacedAt(position: number, storage: Storage): Storage {
  let replaced = false;
  const changed = (key: string, etag: string) =>
    new ObjectChanged({ storage: storage.name, key, pinned: etag, found: "another version" });
  return {
    ...storage,
    async *read(key, range, pin, signal) {
      let at = range.start;
      for await (const chunk of storage.read(key, range, pin, signal)) {
        if (replaced) throw changed(key, pin.etag);
        yield chunk;
        at += chunk.length;
        replaced ||= at > position;
      }
      if (replaced) throw changed(key, pin.etag);
    },
  };
}

/** Every read comes with `extra` bytes more than it should, and says so at its end. */
export function goesOn(extra: number, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, pin, signal) {
      let found = 0;
      for await (const chunk of storage.read(key, range, pin, signal)) {
        yield chunk;
        found += chunk.length;
      }
      throw new LongObject({ storage: storage.name, key, expected: found, found: found + extra });
    },
  };
}

/** Comes in pieces of `size` bytes, each after `ms`. */
export function drips(size: number, ms: number, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, pin, signal) {
      for await (const chunk of storage.read(key, range, pin, signal)) {
        for (let at = 0; at < chunk.length; at += size) {
          await wait(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
          yield chunk.subarray(at, at + size);
        }
      }
    },
  };
}

/** Answers "429, come back in `retryAfter` ms" whenever more than `most` reads are open. */
export function busyBeyond(most: number, retryAfter: number, storage: Storage): Storage & { readonly refused: number } {
  let open = 0;
  let refused = 0;
  return {
    ...storage,
    get refused() {
      return refused;
    },
    async *read(key, range, pin, signal) {
      if (open >= most) {
        refused += 1;
        throw new SourceUnreachable({ storage: storage.name, key, what: "429", status: 429, retryAfter });
      }
      open += 1;
      try {
        yield* storage.read(key, range, pin, signal);
      } finally {
        open -= 1;
      }
    },
  };
}

/** Counts the reads that were begun and have not come to an end. */
export function countsReads(storage: Storage): Storage & { readonly open: number; readonly most: number } {
  let open = 0;
  let most = 0;
  return {
    ...storage,
    get open() {
      return open;
    },
    get most() {
      return most;
    },
    async *read(key, range, pin, signal) {
      open += 1;
      most = Math.max(most, open);
      try {
        yield* storage.read(key, range, pin, signal);
      } finally {
        open -= 1;
      }
    },
  };
}
