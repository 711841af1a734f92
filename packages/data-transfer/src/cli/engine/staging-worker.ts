import { hostname } from "node:os";
import { resolve } from "node:path";
import { type Broker, createWorker, type ResultStore, type Worker, type WorkerHooks } from "@ccatobs/celery";
import type { Logger } from "pino";
import type { HealthState } from "../../health/health-state.ts";
import type { Metrics } from "../../health/metrics.ts";
import type { Database } from "../../opsdb/database.ts";
import type { DiscoveredQueue } from "../../queues/discover.ts";
import type { Settings } from "../../settings/settings.ts";
import { carriesStagingId } from "../../staging/message.ts";
import { createSpace } from "../../staging/space.ts";
import { type StagingObserver, stagingTask } from "../../staging/task.ts";
import { type Archives, createArchives } from "./archives.ts";
import { openPlaces } from "./places.ts";

export interface EngineParts {
  settings: Settings;
  log: Logger;
  db: Database;
  broker: Broker;
  results: ResultStore;
  metrics: Metrics;
  health: HealthState;
  /** Where packages are read; by default the archives of the catalogue, opened as the settings say. */
  archives?: Archives;
}

/** A worker whose loop may stand still for this long before it counts as dead, in seconds. */
const deadAfter = 60;

export interface StagingWorker {
  readonly worker: Worker;
  /** @param options.grace  ms that running packages get to end by themselves; the drain deadline by default */
  stop(options?: { grace?: number }): Promise<void>;
}

/** Puts a staging worker together and starts it: the same for the program `worker` and for commands that do the work themselves. */
export async function startStagingWorker(
  parts: EngineParts,
  queues: readonly DiscoveredQueue[],
): Promise<StagingWorker> {
  const { settings, log, db, broker, results, metrics, health } = parts;
  const { staging } = settings;
  const name = settings.worker.name ?? `staging@${hostname()}-${process.pid}`;
  const archives = parts.archives ?? createArchives(settings, log, metrics.storage);
  const space = createSpace(db, staging.keepFree);
  const root = resolve(staging.root);
  const places = openPlaces(
    queues.map(({ location }) => location),
    { settings, db, health, root, log },
  );
  const work = {
    db,
    place: {
      archive: archives.open,
      modes: { file: staging.fileMode, dir: staging.dirMode, gid: staging.group },
      direct: staging.directWrites,
      ...(!staging.syncTogether && { syncedAlone: Number.POSITIVE_INFINITY }),
    },
    root,
    space,
    mountOf: places.mountOf,
    locationIds: queues.map(({ location }) => location.id),
    worker: name,
    claimLease: staging.claimLease,
    retry: {
      ...{ maxAttempts: staging.maxAttempts, base: staging.retryBase, max: staging.retryMax },
      maxWhileAway: staging.archiveRetryMax,
    },
    observer: observe(metrics, () => space.unwritten),
  };
  const turned = health.loop("consume", deadAfter);
  const consuming = health.condition("consuming");
  const hooks: WorkerHooks = {
    poll() {
      turned();
      metrics.polled();
      metrics.leasesHeld(worker.facts().leasesHeld);
      consuming.holds(`consuming ${queues.map(({ queue }) => queue).join(", ")}`);
    },
    "task:dead-lettered": ({ reason }) => metrics.taskEnded("dead-lettered", reason),
    "control:requested": ({ method, outcome }) => metrics.controlled(method, outcome),
  };
  const fallback = stagingTask(work, "*");
  const worker = createWorker({
    broker,
    results,
    queues: queues.map(({ queue }) => queue),
    tasks: settings.worker.taskNames.map((pattern) => stagingTask(work, pattern)),
    // A task of another name that carries one of our ids comes from somebody who calls staging by another name.
    fallback: (request) => (carriesStagingId(request) ? fallback : undefined),
    concurrency: settings.worker.concurrency,
    // A package may take hours: who has a slot free shall have the next one.
    prefetchMultiplier: 1,
    trackStarted: true,
    // Anybody on the broker could otherwise stop us.
    control: "inspect",
    // Nor can anybody switch them on from afar.
    events: true,
    name,
    log,
    shutdownGrace: settings.worker.drainDeadline * 1000,
    hooks,
  });
  await worker.start();
  return {
    worker,
    async stop(options) {
      consuming.fails("shutting down");
      await worker.stop(options);
      await places.stop();
      await archives.close();
    },
  };
}

function observe(metrics: Metrics, reserved: () => number): StagingObserver {
  let claims = 0;
  return {
    claimed() {
      metrics.claims(++claims);
    },
    moved(bytes) {
      metrics.bytesRead(bytes);
      metrics.reservedBytes(reserved());
    },
    ended(state, code) {
      metrics.claims(--claims);
      metrics.reservedBytes(reserved());
      metrics.taskEnded(state, code);
    },
  };
}
