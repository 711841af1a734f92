import type { Broker } from "@ccatobs/celery";
import { createHealthState, type HealthState } from "../../health/health-state.ts";
import { createMetrics } from "../../health/metrics.ts";
import { startHealthServer } from "../../health/server.ts";
import type { Database } from "../../opsdb/database.ts";
import type { CommandContext, ExitCode } from "../command.ts";
import { withBroker } from "../with-broker.ts";
import { withDatabase } from "../with-database.ts";
import type { EngineParts } from "./staging-worker.ts";

/** How often the servers are asked whether they are there, in ms: readiness is told from memory. */
const lookEvery = 5000;

/**
 * Runs something that lives until it is told to stop: with database, broker, health pages and metrics, all closed in the
 * right order whatever happens.
 *
 * @param start  starts it; answers how to stop it
 * @returns 0 after SIGINT or SIGTERM
 */
export function runService(
  context: CommandContext,
  start: (parts: EngineParts) => Promise<{ stop(): Promise<void>; watch?: (broker: Broker) => Promise<void> }>,
): Promise<ExitCode> {
  return withDatabase<ExitCode>(context, (db) =>
    withBroker<ExitCode>(context, async (broker, results) => {
      const { settings, log, signal } = context;
      const metrics = createMetrics();
      const health = createHealthState();
      const { registry } = metrics;
      // The pages are there before the work is: until then nothing may be read as being ready.
      const begun = health.condition("start");
      watchBroker(broker, health);
      const pages = await startHealthServer({ ...settings.health, live: health.live, ready: health.ready, registry });
      log.info({ port: pages.port }, "health pages are served");
      try {
        const service = await start({ settings, log, db, broker, results, metrics, health });
        begun.holds("done");
        const watching = watchDatabase(db, health, () => service.watch?.(broker));
        try {
          await aborted(signal);
          log.info("told to stop");
        } finally {
          watching.stop();
          await service.stop();
        }
      } finally {
        await pages.close();
        metrics.stop();
      }
      log.info("stopped");
      return 0;
    }),
  );
}

function watchBroker(broker: Broker, health: HealthState): void {
  const reachable = health.condition("broker");
  reachable.holds("connected");
  broker.on("connected", () => reachable.holds("connected"));
  broker.on("disconnected", (error) => reachable.fails(error?.message ?? "the connection to Redis is gone"));
}

function watchDatabase(db: Database, health: HealthState, alsoLook: () => Promise<void> | undefined): { stop(): void } {
  const database = health.condition("database");
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    await db.ping().then(
      () => database.holds("answers"),
      (error: Error) => database.fails(error.message),
    );
    // Depths are for a graph: a broker that is away shows elsewhere.
    await alsoLook()?.catch(() => undefined);
    looking = false;
  };
  void look();
  const timer = setInterval(look, lookEvery);
  return { stop: () => clearInterval(timer) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
