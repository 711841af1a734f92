import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { RateLimit, withRateLimit } from "../../src/storage/with-rate-limit.ts";
import { withStallLimit } from "../../src/storage/with-stall-limit.ts";
import { memoryStorage } from "./memory-storage.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const bytes = randomBytes(300_000);
const pin = { etag: "one", size: bytes.length };

test("bytes become due at the limit's rate; after a rest no more come at once than in a twentieth of a second", () => {
  let now = 0;
  const limit = new RateLimit(1_000_000, () => now);
  const due = () => Math.round(limit.book(10_000));
  assert.deepEqual([due(), due(), due(), due(), due(), due(), due()], [0, 0, 0, 0, 0, 10, 20]);
  now = 20;
  assert.equal(due(), 10);
  now = 1_000_000;
  assert.deepEqual([due(), due(), due(), due(), due(), due()], [0, 0, 0, 0, 0, 10]);
});

test("all reads together keep to the limit, each gets its share, and all bytes come", async () => {
  const limit = new RateLimit(2_000_000);
  const storage = withRateLimit(limit, memoryStorage({ package: bytes }, 100_000));
  const began = performance.now();
  const ends: number[] = [];
  await Promise.all(
    [1, 2, 3].map(async () => {
      assert.ok((await collect(storage.read("package", { start: 0 }, pin, never))).equals(bytes));
      ends.push(performance.now() - began);
    }),
  );
  // 900,000 bytes, of which a twentieth of a second's come at once. Only that it is not faster can be said on a busy machine.
  assert.ok(Math.max(...ends) >= 395, `${ends}`);
  assert.ok(Math.min(...ends) >= 200, `one had all the others' share: ${ends}`);
});

test("large chunks are handed on in small pieces", async () => {
  const limit = new RateLimit(1_000_000);
  const storage = withRateLimit(limit, memoryStorage({ package: bytes }, 300_000));
  for await (const chunk of storage.read("package", { start: 0, end: 150_000 }, pin, never)) {
    assert.ok(chunk.length <= 50_000);
  }
});

test("waiting for one's turn is no stall", async () => {
  const inner = withStallLimit(0.05, memoryStorage({ package: bytes }, 100_000));
  const storage = withRateLimit(new RateLimit(600_000), inner);
  assert.ok((await collect(storage.read("package", { start: 0 }, pin, never))).equals(bytes));
});

test("waiting for one's turn ends at once when the work is called off", async () => {
  const storage = withRateLimit(new RateLimit(1), memoryStorage({ package: bytes }, 100_000));
  const stop = new AbortController();
  const reason = new Error("called off");
  const reading = collect(storage.read("package", { start: 0 }, pin, stop.signal));
  setImmediate(() => stop.abort(reason));
  await assert.rejects(reading, (error) => error === reason);
});
