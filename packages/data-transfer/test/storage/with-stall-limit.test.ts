import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { SourceStalled } from "../../src/errors/source.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { withStallLimit } from "../../src/storage/with-stall-limit.ts";
import { neverAnswers } from "./faulty-storage.ts";
import { memoryStorage } from "./memory-storage.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const bytes = randomBytes(10_000);
const pin = { etag: "one", size: bytes.length };

test("a store that never answers is given up, though it does not heed its signal", async () => {
  const storage = withStallLimit(0.05, neverAnswers(0, memoryStorage({ package: bytes })));
  await assert.rejects(storage.stat("package", never), SourceStalled);
  await assert.rejects(collect(storage.read("package", { start: 0 }, pin, never)), SourceStalled);
});

test("a read that falls silent in the middle is given up, and begun anew from there by a retry", async () => {
  const whole = memoryStorage({ package: bytes });
  const silent = neverAnswers(4321, whole);
  let reads = 0;
  const once: Storage = { ...whole, read: (...args) => (reads++ === 0 ? silent : whole).read(...args) };
  const storage = withRetry({ attempts: 2, firstDelay: 1, maxDelay: 1 }, withStallLimit(0.05, once));
  assert.ok((await collect(storage.read("package", { start: 0 }, pin, never))).equals(bytes));
  assert.equal(reads, 2);
});

test("time that the reader takes does not count", async () => {
  const storage = withStallLimit(0.5, memoryStorage({ package: bytes }));
  let slept = false;
  let found = 0;
  for await (const chunk of storage.read("package", { start: 0 }, pin, never)) {
    found += chunk.length;
    if (!slept) await wait(1000);
    slept = true;
  }
  assert.equal(found, bytes.length);
});

test("a silent store does not keep work that is called off", async () => {
  const storage = withStallLimit(3600, neverAnswers(0, memoryStorage({ package: bytes })));
  const stop = new AbortController();
  const reason = new Error("called off");
  const asked = [
    storage.stat("package", stop.signal),
    collect(storage.read("package", { start: 0 }, pin, stop.signal)),
  ];
  stop.abort(reason);
  for (const question of asked) await assert.rejects(question, (error) => error === reason);
});
