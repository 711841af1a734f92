import type { Logger } from "pino";
import type { Scope } from "../../../../testing/scope.ts";
import { createArchives } from "../../src/cli/engine/archives.ts";
import { startStagingManager } from "../../src/cli/engine/staging-manager.ts";
import { type EngineParts, type StagingWorker, startStagingWorker } from "../../src/cli/engine/staging-worker.ts";
import { createHealthState } from "../../src/health/health-state.ts";
import { createMetrics } from "../../src/health/metrics.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { discoverQueues } from "../../src/queues/discover.ts";
import type { Settings } from "../../src/settings/settings.ts";
import type { Manager } from "../../src/staging/manager.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { TestQueue } from "./queue.ts";

/** How a worker differs from the usual one. */
export interface WorkerParts {
  name?: string;
  /** What it takes for the database. */
  db?: Database;
  /** Put around every archive that it reads. */
  around?: (storage: Storage) => Storage;
  /** Names of the locations whose queues it consumes; all by default. */
  serves?: readonly string[];
}

export interface Engine {
  startWorker(parts?: WorkerParts): Promise<StagingWorker>;
  /** @param parts.db  what it takes for the database */
  startManager(parts?: { db?: Database }): Promise<Manager>;
  /** A manager and a worker where there is none. */
  startWhatIsMissing(): Promise<void>;
}

interface EngineOptions {
  settings: Settings;
  log: Logger;
  db: Database;
  queue: TestQueue;
}

/** Managers and workers within this process, put together as the commands do it, and stopped when the scope ends. */
export function createEngine(scope: Scope, { settings, log, db, queue }: EngineOptions): Engine {
  let workers = 0;
  let managers = 0;

  const parts = async (): Promise<EngineParts> => {
    const metrics = createMetrics();
    scope.after(() => metrics.stop());
    return { settings, log, db, ...(await queue.connect()), metrics, health: createHealthState() };
  };

  const engine: Engine = {
    async startWorker({
      name = `worker-${++workers}`,
      db: ownDb = db,
      around = (storage: Storage) => storage,
      serves,
    } = {}) {
      const usual = await parts();
      const archives = createArchives(settings, log);
      const worker = await startStagingWorker(
        {
          ...usual,
          settings: { ...settings, worker: { ...settings.worker, name } },
          db: ownDb,
          archives: { ...archives, open: (location) => around(archives.open(location)) },
        },
        (await discoverQueues(db)).filter(({ location }) => serves?.includes(location.name) ?? true),
      );
      scope.after(() => worker.stop({ grace: 0 }));
      return worker;
    },
    async startManager({ db: ownDb = db } = {}) {
      managers++;
      const manager = await startStagingManager({ ...(await parts()), db: ownDb });
      scope.after(() => manager.stop());
      return manager;
    },
    async startWhatIsMissing() {
      if (workers === 0) await engine.startWorker();
      if (managers === 0) await engine.startManager();
    },
  };
  return engine;
}
