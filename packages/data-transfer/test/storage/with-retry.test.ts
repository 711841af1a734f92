import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ObjectChanged, ShortObject, SourceForbidden, SourceUnreachable } from "../../src/errors/source.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { type RetryEvent, withRetry } from "../../src/storage/with-retry.ts";
import { failsOnce } from "./faulty-storage.ts";
import { memoryStorage } from "./memory-storage.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const quick = { attempts: 3, firstDelay: 1, maxDelay: 2 };

test("a read that breaks goes on from the byte it reached, and every try is reported", async () => {
  const bytes = randomBytes(10_000);
  const faulty = failsOnce([0, 2500, 9999], memoryStorage({ package: bytes }));
  const events: RetryEvent[] = [];
  const storage = withRetry({ ...quick, report: (event) => events.push(event) }, faulty);

  const pin = await storage.stat("package", never);
  assert.ok((await collect(storage.read("package", { start: 0 }, pin, never))).equals(bytes));

  assert.deepEqual(faulty.reads, [0, 0, 2500, 9999]);
  assert.deepEqual(
    events.map((event) => [event.operation, event.type, event.tries, event.type === "retry" ? event.at : undefined]),
    [
      ["stat", "retry", 1, 0],
      ["stat", "recovered", 1, undefined],
      ["read", "retry", 1, 0],
      ["read", "recovered", 1, undefined],
      ["read", "retry", 1, 2500],
      ["read", "recovered", 1, undefined],
      ["read", "retry", 1, 9999],
      ["read", "recovered", 1, undefined],
    ],
  );
});

test("a store that sends the start of an object as all of it is asked for the rest", async () => {
  const bytes = randomBytes(5000);
  const whole = memoryStorage({ package: bytes });
  const starts: number[] = [];
  const short: Storage = {
    ...whole,
    async *read(key, range, pin, signal) {
      starts.push(range.start);
      if (range.start > 0) return yield* whole.read(key, range, pin, signal);
      yield bytes.subarray(0, 1234);
      throw new ShortObject({ storage: "short", key, expected: 5000, found: 1234 });
    },
  };
  const pin = await short.stat("package", never);
  assert.ok((await collect(withRetry(quick, short).read("package", { start: 0 }, pin, never))).equals(bytes));
  assert.deepEqual(starts, [0, 1234]);
});

test("after as many tries in a row as allowed the last error comes out", async () => {
  let tries = 0;
  const storage = withRetry(
    quick,
    failing(() => new SourceUnreachable({ storage: "x", what: `try ${++tries}` })),
  );
  await assert.rejects(storage.stat("package", never), { message: /try 3/ });
  assert.equal(tries, 3);
});

test("what will not pass is not tried again: no right to read, another version", async () => {
  const errors = [
    new SourceForbidden({ storage: "x", what: "no" }),
    new ObjectChanged({ storage: "x", key: "package", pinned: "1", found: "2" }),
    new Error("something unheard of"),
  ];
  for (const error of errors) {
    let tries = 0;
    const fail = () => {
      tries += 1;
      return error;
    };
    const storage = withRetry(quick, failing(fail));
    await assert.rejects(collect(storage.read("package", { start: 0 }, { etag: "1", size: 1 }, never)), error);
    assert.equal(tries, 1);
  }
});

test("the delay doubles with jitter, stays below its limit, and a store's wish to wait is heeded", async () => {
  const delays: number[] = [];
  let tries = 0;
  const error = () => new SourceUnreachable({ storage: "x", what: "busy", retryAfter: ++tries === 3 ? 40 : undefined });
  const report = (event: RetryEvent) => event.type === "retry" && delays.push(event.delay);
  const storage = withRetry({ attempts: 6, firstDelay: 4, maxDelay: 50, random: () => 0.5, report }, failing(error));
  await assert.rejects(storage.stat("package", never));
  assert.deepEqual(delays, [3, 6, 42, 24, 37.5]);
});

test("waiting for the next try ends at once when the work is called off", async () => {
  const stop = new AbortController();
  const reason = new Error("called off");
  const policy = { attempts: 5, firstDelay: 3_600_000, maxDelay: 3_600_000, report: () => stop.abort(reason) };
  const storage = withRetry(
    policy,
    failing(() => new SourceUnreachable({ storage: "x", what: "gone" })),
  );
  await assert.rejects(storage.stat("package", stop.signal), (error) => error === reason);
});

function failing(error: () => Error): Storage {
  return {
    name: "failing",
    stat: () => Promise.reject(error()),
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give.
    async *read() {
      throw error();
    },
    async close() {},
  };
}
