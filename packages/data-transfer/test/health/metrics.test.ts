import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import { readCgroup } from "../../src/health/cgroup.ts";
import { createMetrics, metricDefinitions } from "../../src/health/metrics.ts";
import { renderMetricsDocs } from "../../src/health/render-docs.ts";

const nothing = { throttledSeconds: undefined, memoryEvents: {} };

test("what the parts report is what Prometheus reads", async (t) => {
  const metrics = createMetrics(() => ({ throttledSeconds: 1.5, memoryEvents: { oom_kill: 2, high: 7 } }));
  t.after(metrics.stop);
  metrics.taskEnded("SUCCESS");
  metrics.taskEnded("FAILURE", "CDT-CHECKSUM");
  metrics.taskEnded("FAILURE", "CDT-CHECKSUM");
  metrics.bytesRead(1000);
  metrics.bytesRead(24);
  metrics.queueDepth("cologne_ramses_processing_staging", 3);
  metrics.leasesHeld(2);
  metrics.claims(1);
  metrics.reservedBytes(2 ** 40);
  metrics.controlled("ping", "done");
  metrics.polled();
  // Twice: counters that are taken from the kernel must not add up over scrapes.
  await metrics.registry.metrics();
  const text = await metrics.registry.metrics();
  for (const line of [
    'cdt_tasks_total{state="SUCCESS",code=""} 1',
    'cdt_tasks_total{state="FAILURE",code="CDT-CHECKSUM"} 2',
    "cdt_bytes_total 1024",
    'cdt_queue_depth{queue="cologne_ramses_processing_staging"} 3',
    "cdt_leases_held 2",
    "cdt_claims 1",
    `cdt_reserved_bytes ${2 ** 40}`,
    'cdt_control_requests_total{method="ping",outcome="done"} 1',
    "cdt_cgroup_cpu_throttled_seconds_total 1.5",
    'cdt_cgroup_memory_events_total{event="oom_kill"} 2',
    'cdt_cgroup_memory_events_total{event="high"} 7',
  ]) {
    assert.ok(text.split("\n").includes(line), `${line} is not in\n${text}`);
  }
  const since = Number(/^cdt_seconds_since_last_poll (\S+)$/m.exec(text)?.[1]);
  assert.ok(since >= 0 && since < 20, String(since));
  for (const name of Object.keys(metricDefinitions)) assert.match(text, new RegExp(`^# HELP ${name} `, "m"));
});

test("what is not known is absent, not 0", async (t) => {
  const metrics = createMetrics(() => nothing);
  t.after(metrics.stop);
  const text = await metrics.registry.metrics();
  assert.doesNotMatch(text, /^cdt_seconds_since_last_poll /m);
  assert.doesNotMatch(text, /^cdt_cgroup/m);
});

test("a blocked event loop shows as lag", async (t) => {
  const metrics = createMetrics(() => nothing);
  t.after(metrics.stop);
  const lag = async () => Number(/^cdt_event_loop_lag_seconds (\S+)$/m.exec(await metrics.registry.metrics())?.[1]);
  // The first look falls into the block, the second sees how long it took.
  let seen = 0;
  for (let round = 0; round < 20 && seen < 0.3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const until = performance.now() + 600;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 150));
    seen = await lag();
  }
  assert.ok(seen >= 0.3 && seen < 60, `${seen} s after a block of 0.6 s`);
});

test("the control group's own files are read", (t) => {
  const root = folder(t);
  mkdirSync(join(root, "pod/app"), { recursive: true });
  writeFileSync(join(root, "self"), "0::/pod/app\n");
  writeFileSync(join(root, "pod/app/cpu.stat"), "usage_usec 100\nnr_throttled 4\nthrottled_usec 2500000\n");
  writeFileSync(join(root, "pod/app/memory.events"), "low 0\nhigh 12\nmax 3\noom 1\noom_kill 1\n");
  assert.deepEqual(readCgroup(root, join(root, "self")), {
    throttledSeconds: 2.5,
    memoryEvents: { low: 0, high: 12, max: 3, oom: 1, oom_kill: 1 },
  });
});

test("without version 2 of control groups nothing is known", (t) => {
  const root = folder(t);
  writeFileSync(join(root, "self"), "4:memory:/docker/x\n");
  assert.deepEqual(readCgroup(root, join(root, "self")), nothing);
  assert.deepEqual(readCgroup(root, join(root, "missing")), nothing);
});

test("docs/metrics.md says what the definition says (else: node scripts/write-docs.ts)", () => {
  const committed = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");
  assert.equal(committed, renderMetricsDocs());
});

function folder(scope: Scope): string {
  const path = mkdtempSync(join(tmpdir(), "test-cgroup-"));
  scope.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
