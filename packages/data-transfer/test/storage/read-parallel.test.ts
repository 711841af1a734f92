import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { LongObject, ObjectChanged, ShortObject, SourceUnreachable } from "../../src/errors/source.ts";
import { Concurrency } from "../../src/storage/concurrency.ts";
import { openPackageSource } from "../../src/storage/package-source.ts";
import { defaultReadMemory, type ParallelOptions, readParallel } from "../../src/storage/read-parallel.ts";
import { SlabPool, slabSize } from "../../src/storage/slab-pool.ts";
import type { ByteRange, Storage } from "../../src/storage/storage.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { withStallLimit } from "../../src/storage/with-stall-limit.ts";
import { busyBeyond, countsReads, drips, failsOnce, goesOn, neverAnswers, replacedAt } from "./faulty-storage.ts";
import { memoryStorage } from "./memory-storage.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const size = 12_345_678;
const bytes = randomBytes(size);
const pin = { etag: "one", size };
const mebibyte = 1024 * 1024;

test("readers that share memory always come to their end, with the right bytes, however little there is of it", async () => {
  const plan = fc.record({
    slabs: fc.integer({ min: 0, max: 6 }),
    readers: fc.array(
      fc.record({
        partSize: fc.integer({ min: 300_000, max: 3_000_000 }),
        parts: fc.integer({ min: 1, max: 8 }),
        chunkSize: fc.integer({ min: 20_000, max: 2_000_000 }),
        start: fc.integer({ min: 0, max: size }),
        slowness: fc.nat(4),
        leaves: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(10) }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    seed: fc.integer(),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ slabs: count, readers, seed }) => {
      const slabs = new SlabPool(count * slabSize);
      const random = generator(seed);
      const storages = await Promise.all(
        readers.map(async ({ partSize, parts, chunkSize, start, slowness, leaves }) => {
          const storage = countsReads(jumpy(random, memoryStorage({ package: bytes }, chunkSize)));
          const concurrency = fixed(parts);
          let at = start;
          let chunks = 0;
          for await (const chunk of readParallel(storage, "package", { start }, pin, never, {
            partSize,
            slabs,
            concurrency,
          })) {
            for (let turns = random() * slowness; turns >= 1; turns--) await turn();
            assert.ok(bytes.subarray(at, at + chunk.length).equals(chunk), `wrong at ${at}`);
            at += chunk.length;
            if (leaves !== null && ++chunks > leaves) break;
          }
          if (leaves === null) assert.equal(at, size);
          return storage;
        }),
      );
      assert.equal(slabs.used, 0, "slabs are given back");
      assert.ok(slabs.allocated <= count * slabSize);
      for (const storage of storages) assert.equal(storage.open, 0, "nothing is left open");
    }),
    { numRuns: 200 },
  );
});

test("a slow reader makes the parts behind it wait: no more is read ahead than there is memory for", async () => {
  let received = 0;
  const counting = counts((count) => (received += count), memoryStorage({ package: bytes }, 100_000));
  const options = { partSize: 3 * mebibyte, slabs: new SlabPool(3 * slabSize), concurrency: fixed(4) };
  let given = 0;
  for await (const chunk of readParallel(counting, "package", { start: 0 }, pin, never, options)) {
    for (let turns = 0; turns < 200; turns++) await turn();
    // In slabs, and one chunk that waits at each part.
    assert.ok(received - given <= 3 * slabSize + 5 * 100_000, `${received - given} bytes ahead`);
    given += chunk.length;
  }
  assert.equal(given, size);
});

test("little is read ahead for a reader that has not waited lately; for one that does, as much as there is memory for", async () => {
  const long = Buffer.alloc(40 * mebibyte);
  let received = 0;
  const counting = counts((count) => (received += count), memoryStorage({ package: long }, 100_000));
  let hungry = false;
  const concurrency = fixed(2);
  Object.defineProperty(concurrency, "hungry", { get: () => hungry });
  const options = { partSize: 16 * mebibyte, slabs: new SlabPool(32 * slabSize), concurrency };
  let given = 0;
  for await (const chunk of readParallel(
    counting,
    "package",
    { start: 0 },
    { etag: "one", size: long.length },
    never,
    options,
  )) {
    given += chunk.length;
    for (let turns = 0; turns < 1000; turns++) await turn();
    const ahead = received - given;
    if (!hungry) assert.ok(ahead > 7 * slabSize && ahead < 9 * slabSize, `${ahead} bytes ahead, without need`);
    else if (given > 300_000) {
      assert.ok(ahead > 11 * slabSize, `${ahead} bytes ahead, for one who waits`);
      break;
    }
    hungry = given > 150_000;
  }
});

test("parts that are quick leave memory to the one whose turn is next", async () => {
  const whole = memoryStorage({ package: bytes }, 100_000);
  const received = new Map<number, number>();
  const storage: Storage = {
    ...whole,
    async *read(key, range, of, signal) {
      for await (const chunk of whole.read(key, range, of, signal)) {
        // The second part is the slowest.
        for (let turns = 0; range.start === 3_000_000 && turns < 20; turns++) await turn();
        received.set(range.start, (received.get(range.start) ?? 0) + chunk.length);
        yield chunk;
      }
    },
  };
  const options = { partSize: 3_000_000, slabs: new SlabPool(3 * slabSize), concurrency: fixed(4) };
  for await (const _ of readParallel(storage, "package", { start: 0 }, pin, never, options)) {
    for (let turns = 0; turns < 2000; turns++) await turn();
    break;
  }
  assert.ok((received.get(3_000_000) ?? 0) >= slabSize, JSON.stringify([...received]));
});

test("parts of equally fast connections end one after the other, and need two thirds of the memory that is there", async () => {
  const long = Buffer.alloc(192 * mebibyte);
  const whole = memoryStorage({ package: long }, mebibyte / 2);
  const ended: number[] = [];
  // Each has a chunk a turn: what a line gives to all alike.
  const storage: Storage = {
    ...whole,
    async *read(key, range, of, signal) {
      for await (const chunk of whole.read(key, range, of, signal)) {
        await turn();
        yield chunk;
      }
      ended.push(range.start);
    },
  };
  const slabs = new SlabPool(defaultReadMemory);
  const options = { slabs, concurrency: fixed(4) };
  const all = { etag: "one", size: long.length };
  for await (const _ of readParallel(storage, "package", { start: 0 }, all, never, options));
  assert.ok(ended.length > 10, `${ended.length} parts`);
  assert.deepEqual(
    ended,
    ended.toSorted((one, other) => one - other),
  );
  assert.ok(slabs.allocated <= (defaultReadMemory * 2) / 3, `${slabs.allocated} bytes were needed at once`);
});

test("a small object is one plain read; a large one is read in parts of the right size, each with the pin", async () => {
  const reads: (ByteRange & { etag: string })[] = [];
  const whole = memoryStorage({ package: bytes }, mebibyte);
  const noted: Storage = {
    ...whole,
    read(key, range, of, signal) {
      reads.push({ ...range, etag: of.etag });
      return whole.read(key, range, of, signal);
    },
  };
  const read = async (range: ByteRange, options: ParallelOptions) => {
    reads.length = 0;
    const expected = bytes.subarray(range.start, range.end);
    assert.ok((await collect(readParallel(noted, "package", range, pin, never, options))).equals(expected));
    return reads.map(({ start, end, etag }) => [start, end, etag]);
  };
  assert.deepEqual(await read({ start: 0 }, {}), [[0, size, "one"]]);
  assert.deepEqual(await read({ start: 5, end: 9 }, { partSize: 2 }), [
    [5, 7, "one"],
    [7, 9, "one"],
  ]);
  const parts = await read({ start: 1 }, { partSize: 5_000_000, concurrency: fixed(3) });
  assert.deepEqual(parts, [
    [1, 5_000_001, "one"],
    [5_000_001, size, "one"],
  ]);
  assert.deepEqual(await read({ start: size }, {}), [[size, size, "one"]]);
});

test("each part is tried again by itself, and the bytes come out whole", async () => {
  const faulty = failsOnce(
    [0, 1, 2_999_999, 3_000_000, 7_654_321, size - 1],
    memoryStorage({ package: bytes }, 70_000),
  );
  const storage = withRetry({ attempts: 3, firstDelay: 1, maxDelay: 2 }, faulty);
  await storage.stat("package", never);
  const options = { partSize: 3_000_000, concurrency: fixed(4), slabs: new SlabPool(4 * slabSize) };
  assert.ok((await collect(readParallel(storage, "package", { start: 0 }, pin, never, options))).equals(bytes));
});

test("an error comes in its place: all that lies before it is given first, and every other part is ended", async () => {
  const cases: [new (...args: never[]) => Error, (storage: Storage) => Storage][] = [
    [ObjectChanged, (storage) => replacedAt(7_000_000, storage)],
    [LongObject, (storage) => goesOn(1, storage)],
    [SourceUnreachable, (storage) => failsOnce([7_000_000], storage)],
    [ShortObject, (storage) => shortFrom(7_000_000, storage)],
  ];
  for (const [error, fault] of cases) {
    const storage = countsReads(fault(memoryStorage({ package: bytes }, 100_000)));
    const slabs = new SlabPool(8 * slabSize);
    const options = { partSize: 2_000_000, concurrency: fixed(4), slabs };
    let at = 0;
    const reading = (async () => {
      for await (const chunk of readParallel(storage, "package", { start: 0 }, pin, never, options)) {
        assert.ok(bytes.subarray(at, at + chunk.length).equals(chunk));
        at += chunk.length;
      }
    })();
    await assert.rejects(reading, error);
    // A replaced object is noticed by all parts, wherever they are.
    const least = error === ObjectChanged ? 0 : error === LongObject ? 2_000_000 : 6_900_000;
    assert.ok(least <= at && at < size, `${error.name} after ${at}`);
    assert.deepEqual([storage.open, slabs.used], [0, 0]);
  }
});

test("a read that is called off ends with the reason, and nothing of it goes on, also when the archive is silent", async () => {
  const whole = memoryStorage({ package: bytes }, 100_000);
  for (const archive of [neverAnswers(0, whole), neverAnswers(2_500_000, whole), drips(10_000, 1, whole)]) {
    const storage = withStallLimit(3600, archive);
    const slabs = new SlabPool(4 * slabSize);
    const stop = new AbortController();
    const reason = new Error("called off");
    const options = { partSize: 2_000_000, concurrency: fixed(4), slabs };
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const reading = collect(readParallel(storage, "package", { start: 0 }, pin, stop.signal, options));
    for (let turns = 0; turns < 20; turns++) await turn();
    stop.abort(reason);
    await assert.rejects(reading, (error) => error === reason);
    assert.equal(slabs.used, 0);
    assert.equal(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length, before);
  }
});

test("an archive that allows two reads at once is read to the end by a reader that would like more", async () => {
  const busy = busyBeyond(2, 1, memoryStorage({ package: bytes }, 50_000));
  const concurrency = new Concurrency({ ceiling: 8, now: () => 0, load: () => 0 });
  const trouble = () => concurrency.trouble();
  const storage = withRetry({ attempts: 50, firstDelay: 1, maxDelay: 5, report: trouble }, jumpy(Math.random, busy));
  const options = { partSize: 500_000, concurrency, slabs: new SlabPool(8 * slabSize) };
  const all = Array.from({ length: 3 }, () =>
    collect(readParallel(storage, "package", { start: 0 }, pin, never, options)),
  );
  for (const found of await Promise.all(all)) assert.ok(found.equals(bytes));
  assert.ok(busy.refused > 0);
  assert.equal(concurrency.limit, 1);
});

test("a package source is asked for once, pinned, and read from any byte; an object of another size is refused", async () => {
  let asked = 0;
  const whole = memoryStorage({ package: bytes }, 300_000);
  const storage: Storage & { parallel: ParallelOptions } = {
    ...whole,
    stat: (key, signal) => {
      asked += 1;
      return whole.stat(key, signal);
    },
    parallel: { partSize: 1_000_000, concurrency: fixed(3) },
  };
  const source = await openPackageSource(storage, "package", { expectedSize: size }, never);
  assert.deepEqual([source.name, source.size, source.etag], ["memory/package", size, "one"]);
  for (const start of [0, 1, 5_000_000, size - 1, size]) {
    assert.ok((await collect(source.read(start, never))).equals(bytes.subarray(start)));
  }
  assert.equal(asked, 1);
  await assert.rejects(openPackageSource(storage, "package", { expectedSize: size + 1 }, never), ShortObject);
  await assert.rejects(openPackageSource(storage, "package", { expectedSize: size - 1 }, never), LongObject);
});

test("an archive that sends whole objects only is read in one piece", async () => {
  const whole = memoryStorage({ package: bytes }, 300_000);
  const once = countsReads({
    ...whole,
    stat: async (key, signal) => ({ ...(await whole.stat(key, signal)), wholeOnly: true }),
  });
  const parallel = { partSize: 1_000_000, concurrency: fixed(3) };
  const source = await openPackageSource(once, "package", { parallel }, never);
  assert.ok((await collect(source.read(17, never))).equals(bytes.subarray(17)));
  assert.equal(once.most, 1);
});

/** So many parts, whatever comes. */
function fixed(parts: number): Concurrency {
  return Object.defineProperty(new Concurrency({ ceiling: parts }), "limit", { value: parts });
}

/** Answers after a few turns of the loop, sometimes. */
function jumpy(random: () => number, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, of, signal) {
      for await (const chunk of storage.read(key, range, of, signal)) {
        for (let turns = random() * 4; turns >= 1; turns--) await turn();
        yield chunk;
      }
    },
  };
}

function counts(tell: (count: number) => void, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, of, signal) {
      for await (const chunk of storage.read(key, range, of, signal)) {
        tell(chunk.length);
        yield chunk;
      }
    },
  };
}

function shortFrom(position: number, storage: Storage): Storage {
  return {
    ...storage,
    async *read(key, range, of, signal) {
      let at = range.start;
      for await (const chunk of storage.read(key, range, of, signal)) {
        if (at + chunk.length > position)
          throw new ShortObject({ storage: storage.name, key, expected: size, found: at });
        yield chunk;
        at += chunk.length;
      }
    },
  };
}

/** Park and Miller's. */
function generator(seed: number): () => number {
  let state = (Math.abs(seed) % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
