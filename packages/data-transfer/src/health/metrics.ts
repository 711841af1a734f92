import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Registry } from "prom-client";
import type { StorageObserver } from "../storage/with-metrics.ts";
import { type CgroupReading, readCgroup } from "./cgroup.ts";

/** Every metric there is; docs/metrics.md is made from it. */
export const metricDefinitions = {
  cdt_tasks_total: { type: "counter", help: "Tasks that ended, by state and error code.", labels: ["state", "code"] },
  cdt_bytes_total: { type: "counter", help: "Bytes read from archives and verified.", labels: [] },
  cdt_storage_bytes_total: { type: "counter", help: "Bytes that came from an archive.", labels: ["storage"] },
  cdt_storage_requests_total: {
    type: "counter",
    help: "Requests to an archive that ended, each try of them: `code` is empty when it went well, the error's code, `other`, or `left` when its reader had enough.",
    labels: ["storage", "operation", "code"],
  },
  cdt_storage_seconds_total: {
    type: "counter",
    help: "Seconds spent waiting for an archive, of all requests together.",
    labels: ["storage", "operation"],
  },
  cdt_seconds_since_last_poll: {
    type: "gauge",
    help: "Seconds since the queue or the database was last polled.",
    labels: [],
  },
  cdt_queue_depth: { type: "gauge", help: "Messages waiting in a queue.", labels: ["queue"] },
  cdt_leases_held: { type: "gauge", help: "Broker messages that this process holds.", labels: [] },
  cdt_claims: { type: "gauge", help: "Staging items that this process has claimed in the database.", labels: [] },
  cdt_control_requests_total: {
    type: "counter",
    help: "Requests of Celery's remote control, by method and outcome (`done`, `refused`, ...).",
    labels: ["method", "outcome"],
  },
  cdt_event_loop_lag_seconds: {
    type: "gauge",
    help: "99th percentile of the event loop's lag since the last scrape.",
    labels: [],
  },
  cdt_reserved_bytes: {
    type: "gauge",
    help: "Bytes reserved on the processing file system for packages under way.",
    labels: [],
  },
  cdt_cgroup_cpu_throttled_seconds_total: {
    type: "counter",
    help: "Seconds for which the control group was kept from the processor.",
    labels: [],
  },
  cdt_cgroup_memory_events_total: { type: "counter", help: "Memory events of the control group.", labels: ["event"] },
} as const satisfies Record<string, { type: "counter" | "gauge"; help: string; labels: readonly string[] }>;

/** What the parts of the program report; each call costs next to nothing. */
export interface Metrics {
  registry: Registry;
  /** A task ended; `code` is that of its error. */
  taskEnded(state: string, code?: string): void;
  bytesRead(count: number): void;
  /** The loop has just looked for work. */
  polled(): void;
  queueDepth(queue: string, waiting: number): void;
  leasesHeld(count: number): void;
  claims(count: number): void;
  reservedBytes(count: number): void;
  /** What is read from archives. */
  storage: StorageObserver;
  /** Somebody has asked something of this process through the broker. */
  controlled(method: string, outcome: string): void;
  /** Stops watching the event loop. */
  stop(): void;
}

/** Time between two looks at the event loop, in ms: ten a second do not wake an idle process noticeably. */
const lagResolution = 100;

/** @param cgroup  reads the control group at every scrape */
export function createMetrics(cgroup: () => CgroupReading = readCgroup): Metrics {
  const registry = new Registry();
  const lag = monitorEventLoopDelay({ resolution: lagResolution });
  lag.enable();
  let lastPoll: number | undefined;

  const tasks = counter(registry, "cdt_tasks_total");
  const bytes = counter(registry, "cdt_bytes_total");
  const storageBytes = counter(registry, "cdt_storage_bytes_total");
  const storageRequests = counter(registry, "cdt_storage_requests_total");
  const storageSeconds = counter(registry, "cdt_storage_seconds_total");
  const depth = gauge(registry, "cdt_queue_depth");
  const leases = gauge(registry, "cdt_leases_held");
  const claims = gauge(registry, "cdt_claims");
  const reserved = gauge(registry, "cdt_reserved_bytes");
  const control = counter(registry, "cdt_control_requests_total");
  gauge(registry, "cdt_seconds_since_last_poll", (self) => {
    // Absent before the first poll: a process that does not poll has no age to show.
    if (lastPoll === undefined) self.remove();
    else self.set((performance.now() - lastPoll) / 1000);
  });
  gauge(registry, "cdt_event_loop_lag_seconds", (self) => self.set(lagOf(lag)));
  counter(registry, "cdt_cgroup_cpu_throttled_seconds_total", (self) => {
    const { throttledSeconds } = cgroup();
    self.reset();
    if (throttledSeconds === undefined) self.remove();
    else self.inc(throttledSeconds);
  });
  counter(registry, "cdt_cgroup_memory_events_total", (self) => {
    self.reset();
    for (const [event, count] of Object.entries(cgroup().memoryEvents)) self.inc({ event }, count);
  });

  return {
    registry,
    taskEnded: (state, code = "") => tasks.inc({ state, code }),
    bytesRead: (count) => bytes.inc(count),
    polled: () => {
      lastPoll = performance.now();
    },
    queueDepth: (queue, waiting) => depth.set({ queue }, waiting),
    leasesHeld: (count) => leases.set(count),
    claims: (count) => claims.set(count),
    reservedBytes: (count) => reserved.set(count),
    storage: {
      received: (storage, count) => storageBytes.inc({ storage }, count),
      ended(storage, operation, code, seconds) {
        storageRequests.inc({ storage, operation, code });
        storageSeconds.inc({ storage, operation }, seconds);
      },
    },
    controlled: (method, outcome) => control.inc({ method, outcome }),
    stop: () => lag.disable(),
  };
}

/** The table of docs/metrics.md. */
export function renderMetricsTable(): string {
  const rows = Object.entries(metricDefinitions).map(
    ([name, { type, help, labels }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`,
  );
  return ["| metric | type | labels | what it counts |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

type MetricName = keyof typeof metricDefinitions;

function counter(registry: Registry, name: MetricName, fill?: (self: Counter) => void): Counter {
  const metric: Counter = new Counter({ ...options(registry, name), ...(fill ? { collect: () => fill(metric) } : {}) });
  return metric;
}

function gauge(registry: Registry, name: MetricName, fill?: (self: Gauge) => void): Gauge {
  const metric: Gauge = new Gauge({ ...options(registry, name), ...(fill ? { collect: () => fill(metric) } : {}) });
  return metric;
}

function options(
  registry: Registry,
  name: MetricName,
): { name: string; help: string; labelNames: string[]; registers: Registry[] } {
  const { help, labels } = metricDefinitions[name];
  return { name, help, labelNames: [...labels], registers: [registry] };
}

/** The histogram counts the time between two looks, so the time there should have been is taken off. */
function lagOf(histogram: ReturnType<typeof monitorEventLoopDelay>): number {
  const nanoseconds = histogram.count === 0 ? 0 : histogram.percentile(99) - lagResolution * 1e6;
  histogram.reset();
  return Math.max(0, nanoseconds) / 1e9;
}
