import { createClient } from "@ccatobs/celery";
import { createManager, type Manager } from "../../staging/manager.ts";
import { stagingTaskName } from "../../staging/message.ts";
import { createRing } from "../../staging/ring.ts";
import type { EngineParts } from "./staging-worker.ts";

/** Puts a staging manager together and starts it. */
export async function startStagingManager(parts: EngineParts): Promise<Manager> {
  const { settings, log, db, broker, results, metrics, health } = parts;
  const client = createClient({ broker, results });
  // The first name without a wildcard is the one to send under: workers of ours understand it.
  const taskName = settings.worker.taskNames.find((name) => !/[*?]/.test(name)) ?? stagingTaskName;
  const turned = health.loop("schedule", Math.max(60, 3 * settings.manager.sleepTime));
  const looked = health.condition("schedule");
  const manager = createManager({
    db,
    broker,
    client,
    ring: createRing(client, taskName),
    log,
    sleepTime: settings.manager.sleepTime,
    batch: settings.manager.batch,
    sweepInterval: settings.manager.sweepInterval,
    reringAfter: settings.manager.reringAfter,
    claimGrace: settings.staging.claimLease / 4,
    maxFailures: settings.staging.maxAttempts,
    onTurn(error) {
      turned();
      metrics.polled();
      if (error === undefined) looked.holds("database and queue were reached");
      else looked.fails(error);
    },
  });
  await manager.start();
  return manager;
}
