import assert from "node:assert/strict";
import { test } from "node:test";
import { LamportClock } from "../../src/worker/events/lamport-clock.ts";

test("the clock moves by one for what is sent, and beyond whatever was seen", () => {
  const clock = new LamportClock();
  assert.deepEqual([clock.forward(), clock.forward()], [1, 2]);
  assert.equal(clock.adjust(10), 11);
  assert.equal(clock.adjust(3), 12);
  assert.equal(clock.value, 12);
});

test("what is no value of a clock only counts as a step", () => {
  const clock = new LamportClock();
  for (const seen of [undefined, null, "7", Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53, {}]) clock.adjust(seen);
  assert.equal(clock.value, 8);
});
