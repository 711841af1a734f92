import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createMetrics } from "../../src/health/metrics.ts";
import { type StorageObserver, withMetrics } from "../../src/storage/with-metrics.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { drips, failsOnce } from "./faulty-storage.ts";
import { memoryStorage } from "./memory-storage.ts";
import { collect } from "./storage.conformance.ts";

const never = new AbortController().signal;
const bytes = Buffer.alloc(5000, 1);
const pin = { etag: "one", size: bytes.length };

test("every try is counted with what became of it, and every byte", async () => {
  const { observer, ended, received } = notes();
  const storage = withRetry(
    { attempts: 3, firstDelay: 1, maxDelay: 1 },
    withMetrics(observer, failsOnce([0, 2500], memoryStorage({ package: bytes }))),
  );
  await storage.stat("package", never);
  await collect(storage.read("package", { start: 0 }, pin, never));
  assert.deepEqual(ended(), [
    "stat CDT-SOURCE-UNREACHABLE",
    "stat ",
    "read CDT-SOURCE-UNREACHABLE",
    "read CDT-SOURCE-UNREACHABLE",
    "read ",
  ]);
  assert.equal(received(), 5000);
  await assert.rejects(storage.stat("missing", never));
  assert.equal(ended().at(-1), "stat CDT-OBJECT-MISSING");
});

test("who has enough, or is called off, leaves no failure behind", async () => {
  const { observer, ended } = notes();
  const storage = withMetrics(observer, memoryStorage({ package: bytes }));
  for await (const _ of storage.read("package", { start: 0 }, pin, never)) break;
  const stop = new AbortController();
  await assert.rejects(
    (async () => {
      for await (const _ of storage.read("package", { start: 0 }, pin, stop.signal)) stop.abort();
    })(),
  );
  assert.deepEqual(ended(), ["read left", "read left"]);
});

test("the seconds are those that the archive took, not its reader", async () => {
  const { observer, seconds } = notes();
  const storage = withMetrics(observer, drips(1000, 20, memoryStorage({ package: bytes })));
  for await (const _ of storage.read("package", { start: 0 }, pin, never)) await wait(200);
  assert.ok(seconds() >= 0.09 && seconds() < 1, `${seconds()} s of more than 1.1 s`);
});

test("Prometheus sees them", async () => {
  const metrics = createMetrics(() => ({ throttledSeconds: undefined, memoryEvents: {} }));
  try {
    const storage = withMetrics(metrics.storage, memoryStorage({ package: bytes }));
    await collect(storage.read("package", { start: 0 }, pin, never));
    await assert.rejects(storage.stat("missing", never));
    const text = await metrics.registry.metrics();
    for (const line of [
      'cdt_storage_bytes_total{storage="memory"} 5000',
      'cdt_storage_requests_total{storage="memory",operation="read",code=""} 1',
      'cdt_storage_requests_total{storage="memory",operation="stat",code="CDT-OBJECT-MISSING"} 1',
    ]) {
      assert.ok(text.includes(line), text);
    }
    assert.match(text, /^cdt_storage_seconds_total\{storage="memory",operation="read"\} 0\.\d/m);
  } finally {
    metrics.stop();
  }
});

function notes() {
  const lines: string[] = [];
  let bytesReceived = 0;
  let secondsWaited = 0;
  const observer: StorageObserver = {
    received(_, count) {
      bytesReceived += count;
    },
    ended(_, operation, code, seconds) {
      lines.push(`${operation} ${code}`);
      secondsWaited += seconds;
    },
  };
  return { observer, ended: () => lines, received: () => bytesReceived, seconds: () => secondsWaited };
}
