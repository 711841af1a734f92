import assert from "node:assert/strict";
import { test } from "node:test";
import { Concurrency } from "../../src/storage/concurrency.ts";

/** What limits the bytes a second of a read with so many parts; the share of the time that its reader waits; the thread's load. */
interface Network {
  rate(parts: number): number;
  starved: number;
  load: number;
}

const perConnection: Network = { rate: (parts) => parts * 60, starved: 0.9, load: 0.3 };
const shared: Network = { rate: () => 100, starved: 0.9, load: 0.3 };
const slowReader: Network = { rate: () => 100, starved: 0, load: 0.3 };
const busyThread: Network = { rate: () => 1000, starved: 0.9, load: 1 };

test("where each connection brings its own share, all that are allowed are used, within a second", () => {
  for (const ceiling of [1, 2, 3, 4, 8]) assert.equal(play(perConnection, { ceiling, seconds: 1 }).limit, ceiling);
});

test("where more bring nothing, two stay, and trying others becomes rare", () => {
  const { limits, limit } = play(shared, { ceiling: 16, seconds: 300 });
  assert.equal(limit, 2);
  const tries = limits.filter((one) => one === 4).length;
  assert.ok(tries > 1 && tries < 10, `${tries} tries in five minutes`);
  assert.ok(!limits.includes(8));
});

test("where the reader is slower than the archive, or the thread has no time, one is enough", () => {
  assert.equal(play(slowReader, { ceiling: 8, seconds: 10 }).limit, 1);
  assert.equal(play(busyThread, { ceiling: 8, seconds: 10 }).limit, 1);
});

test("who has waited for bytes lately is hungry, and who is not known yet, too", () => {
  let now = 0;
  const concurrency = new Concurrency({ ceiling: 2, now: () => now, load: () => 0 });
  assert.equal(concurrency.hungry, true);
  const ended = concurrency.reader();
  const wait = (ms: number, work: number) => {
    for (let time = 0; time < 100; time++) {
      now += ms + work;
      concurrency.starved(ms);
    }
  };
  wait(0, 10);
  assert.equal(concurrency.hungry, false);
  wait(5, 5);
  assert.equal(concurrency.hungry, true);
  wait(0.1, 10);
  assert.equal(concurrency.hungry, false);
  ended();
});

test("trouble halves the number, several at a time count once, and it grows again after a while", () => {
  let now = 0;
  const concurrency = new Concurrency({ ceiling: 8, now: () => now, load: () => 0 });
  run(concurrency, perConnection, () => now++, 2000);
  assert.equal(concurrency.limit, 8);
  for (let part = 0; part < 5; part++) concurrency.trouble();
  assert.equal(concurrency.limit, 4);
  now += 1001;
  concurrency.trouble();
  assert.equal(concurrency.limit, 2);
  for (let time = 0; time < 10; time++) {
    now += 1001;
    concurrency.trouble();
  }
  assert.equal(concurrency.limit, 1);
  run(concurrency, perConnection, () => now++, 1000);
  assert.equal(concurrency.limit, 1, "not at once");
  run(concurrency, perConnection, () => now++, 100_000);
  assert.equal(concurrency.limit, 8);
});

test("a rate that is measured while parts are ending says nothing", () => {
  let now = 0;
  const concurrency = new Concurrency({ ceiling: 8, now: () => now, load: () => 0 });
  concurrency.reader();
  concurrency.part();
  for (; now < 10_000; now++) concurrency.received(1_000_000);
  assert.equal(concurrency.limit, 2);
});

function play(network: Network, { ceiling, seconds }: { ceiling: number; seconds: number }) {
  let now = 0;
  const concurrency = new Concurrency({ ceiling, now: () => now, load: () => network.load });
  const limits = run(concurrency, network, () => now++, seconds * 1000);
  return { limit: concurrency.limit, limits };
}

/** One read that goes on for so many ms. @returns the limits that there were, one after the other */
function run(concurrency: Concurrency, { rate, starved }: Network, tick: () => void, ms: number): number[] {
  const readerEnded = concurrency.reader();
  const parts: (() => void)[] = [];
  const limits: number[] = [];
  for (let passed = 0; passed < ms; passed++) {
    tick();
    while (parts.length < concurrency.limit) parts.push(concurrency.part());
    while (parts.length > concurrency.limit) parts.pop()?.();
    concurrency.starved(starved);
    concurrency.received(rate(parts.length) * 1000);
    if (limits.at(-1) !== concurrency.limit) limits.push(concurrency.limit);
  }
  for (const ended of parts) ended();
  readerEnded();
  return limits;
}
