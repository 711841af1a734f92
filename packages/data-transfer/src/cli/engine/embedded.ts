import { createHealthState } from "../../health/health-state.ts";
import { createMetrics } from "../../health/metrics.ts";
import type { Database } from "../../opsdb/database.ts";
import { discoverQueues } from "../../queues/discover.ts";
import type { CommandContext } from "../command.ts";
import { withBroker } from "../with-broker.ts";
import { startStagingManager } from "./staging-manager.ts";
import { startStagingWorker } from "./staging-worker.ts";

/**
 * With the broker in memory, messages reach nobody outside this process: then a manager and a worker run in it for as
 * long as `work` takes. With a real broker they are processes of their own, and nothing is started here.
 */
export async function withEmbeddedEngine<T>(context: CommandContext, db: Database, work: () => Promise<T>): Promise<T> {
  if (context.settings.broker.kind !== "memory") return work();
  return withBroker(context, async (broker, results) => {
    const metrics = createMetrics();
    const parts = { ...context, db, broker, results, metrics, health: createHealthState() };
    const worker = await startStagingWorker(parts, await discoverQueues(db));
    try {
      const manager = await startStagingManager(parts);
      try {
        return await work();
      } finally {
        await manager.stop();
      }
    } finally {
      // Either nothing is running any more, or somebody pressed Ctrl-C and does not want to wait.
      await worker.stop({ grace: 0 });
      metrics.stop();
    }
  });
}
