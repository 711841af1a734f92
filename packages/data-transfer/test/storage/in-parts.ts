import { Concurrency } from "../../src/storage/concurrency.ts";
import { type ParallelOptions, readParallel } from "../../src/storage/read-parallel.ts";
import { SlabPool, slabSize } from "../../src/storage/slab-pool.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** A storage whose reads go in parallel parts: as it was opened for, or in many small ones with little memory. */
export function inParts(storage: Storage & { parallel?: ParallelOptions }): Storage {
  const {
    parallel = {
      ...{ partSize: 300_000, slabs: new SlabPool(3 * slabSize) },
      concurrency: new Concurrency({ ceiling: 4 }),
    },
  } = storage;
  return {
    ...storage,
    read: (key, range, pin, signal) => readParallel(storage, key, range, pin, signal, parallel),
  };
}
