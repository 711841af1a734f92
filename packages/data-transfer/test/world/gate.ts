import type { Storage } from "../../src/storage/storage.ts";

/** Holds readers in the middle of a package until it is opened. */
export interface Gate {
  /** To be put around an archive. */
  around(storage: Storage): Storage;
  /** Fulfilled when so many readers have come to the middle, counted from the start. */
  reached(readers?: number): Promise<void>;
  /** Lets everybody through, from now on. */
  open(): void;
}

export function createGate(): Gate {
  const opened = Promise.withResolvers<void>();
  const waiting: { readers: number; tell: () => void }[] = [];
  let readers = 0;

  return {
    around: (storage) => ({
      ...storage,
      async *read(key, range, pin, signal) {
        for await (const chunk of storage.read(key, range, pin, signal)) {
          const half = chunk.length >> 1;
          yield chunk.subarray(0, half);
          readers++;
          for (const one of waiting) if (readers >= one.readers) one.tell();
          await Promise.race([opened.promise, aborted(signal)]);
          signal.throwIfAborted();
          yield chunk.subarray(half);
        }
      },
    }),
    reached(wanted = 1) {
      if (readers >= wanted) return Promise.resolve();
      return new Promise((tell) => waiting.push({ readers: wanted, tell }));
    },
    open: () => opened.resolve(),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
