import { SourceUnreachable } from "../../src/errors/source.ts";
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
