import type { BrokerDescription } from "../../broker/broker.ts";
import type { WorkerStats } from "../../client/control-replies.ts";
import type { LamportClock } from "../events/lamport-clock.ts";
import type { WorkerInside } from "../inside.ts";

/** What `inspect stats` and Flower show of a worker (celery 5.6 `worker/worker.py`, `concurrency/prefork.py`). */
export function workerStats(inside: WorkerInside, clock: LamportClock): WorkerStats {
  return {
    total: inside.totals(),
    pid: process.pid,
    clock: String(clock.value),
    uptime: Math.floor(inside.uptime()),
    pool: poolStats(inside),
    broker: brokerStats(inside.broker()),
    prefetch_count: inside.prefetchCount(),
    rusage: resourceUsage(),
  };
}

function poolStats(inside: WorkerInside): WorkerStats["pool"] {
  const pool = inside.pool();
  const { task_soft_time_limit: soft, task_time_limit: hard } = inside.configuration();
  return {
    implementation: pool.implementation,
    "max-concurrency": pool.concurrency,
    processes: pool.processes,
    "max-tasks-per-child": pool.maxTasksPerChild ?? "N/A",
    "put-guarded-by-semaphore": false,
    timeouts: [soft, hard].map((limit) => (typeof limit === "number" ? limit : 0)),
    writes: "N/A",
  };
}

function brokerStats(broker: BrokerDescription): WorkerStats["broker"] {
  return {
    hostname: broker.hostname,
    userid: broker.userid,
    virtual_host: broker.virtualHost,
    port: broker.port,
    insist: false,
    ssl: broker.ssl,
    transport: broker.transport,
    connect_timeout: null,
    transport_options: {},
    login_method: null,
    uri_prefix: null,
    heartbeat: null,
    failover_strategy: "round-robin",
    alternates: [],
    credential_provider: null,
  };
}

/** Under the names of Python's `resource.getrusage`. */
function resourceUsage(): Record<string, number> {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}
