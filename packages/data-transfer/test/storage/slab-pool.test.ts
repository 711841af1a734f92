import assert from "node:assert/strict";
import { test } from "node:test";
import { SlabPool, slabSize } from "../../src/storage/slab-pool.ts";

test("a pool is never larger than it may be, also when somebody joins who finds it all taken", () => {
  const pool = new SlabPool(4 * slabSize + 1);
  const first = pool.join();
  const slabs = [1, 2, 3, 4].map(() => first.take()!);
  assert.equal(first.take(), undefined);
  let told = 0;
  const second = pool.join();
  second.onRoom = () => void told++;
  assert.equal(second.take(), undefined);
  first.give(slabs.pop()!);
  assert.equal(told, 1);
  assert.equal(first.take(), undefined, "the first one has more than its half");
  assert.equal(second.take()?.length, slabSize);
  assert.equal(pool.allocated, 4 * slabSize);
  second.leave();
  assert.equal(first.most, 4);
});

test("slabs are used again", () => {
  const pool = new SlabPool(8 * slabSize);
  const reader = pool.join();
  for (let round = 0; round < 100; round++) reader.give(reader.take()!);
  assert.equal(pool.allocated, slabSize);
  assert.equal(pool.used, 0);
});
