import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";

export interface Upkeep {
  /** Says at once that we are here and where our queues are: after a reconnect the broker may have forgotten. */
  announce(): Promise<void>;
  stop(): void;
}

const presenceEvery = 10_000;

/**
 * What a worker does for the broker beside consuming: it gives back what dead workers left (every quarter of a lease, shortened
 * by up to a quarter so that workers do not march in step), and says every 10 s that it is here, for 30 s. The queues are declared
 * with it, since a flushed Redis has lost their bindings without any connection being cut.
 *
 * Failures are logged: the next round is soon.
 */
export function startUpkeep(broker: Broker, name: string, queues: readonly string[], log: Logger): Upkeep {
  const announce = () =>
    attempt("announcing this worker", async () => {
      await broker.declare(queues);
      await broker.announce(name, queues, 3 * presenceEvery);
    });
  const restore = () =>
    attempt("giving back what dead workers left", async () => {
      const restored = await broker.restoreOrphans();
      if (restored > 0) log.info({ restored }, "messages of dead workers are back in their queues");
    });

  const timers = [
    repeat(() => presenceEvery, announce),
    repeat(() => (broker.lease / 4) * (1 - Math.random() / 4), restore),
  ];

  async function attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      log.warn({ err: error }, `${what} failed; trying again soon`);
    }
  }

  return {
    announce,
    stop() {
      for (const timer of timers) timer.stop();
    },
  };
}

/** Calls `act` after `every()` ms, and again after each end of it: never twice at once. */
function repeat(every: () => number, act: () => Promise<void>): { stop(): void } {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const next = () => {
    timer = setTimeout(async () => {
      await act();
      if (!stopped) next();
    }, every());
  };
  next();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
