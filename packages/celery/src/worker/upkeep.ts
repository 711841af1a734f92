import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { QueueCycle } from "./queue-cycle.ts";

export interface Upkeep {
  /** Says at once that we are here and where our queues are: after a reconnect the broker may have forgotten. */
  announce(): Promise<void>;
  /** A parked message comes back then: it is looked for in time. */
  expect(time: Date): void;
  stop(): void;
}

const presenceEvery = 10_000;

/** The longest a timer is set for: further away is looked at again by then. */
const longestTimer = 60 * 60_000;

/** How long is waited when a clock that is ahead of the broker's has made us ask too early, in ms. */
const clocksDiffer = 250;

/**
 * What a worker does for the broker beside consuming: it gives back what dead workers left and what was parked and is
 * due (every quarter of a lease, shortened by up to a quarter so that workers do not march in step, and when the next
 * parked message is known to be due), and says every 10 s that it is here, for 30 s. The queues are declared with it,
 * since a flushed Redis has lost their bindings without any connection being cut.
 *
 * Failures are logged: the next round is soon.
 */
export function startUpkeep(broker: Broker, name: string, queues: QueueCycle, log: Logger): Upkeep {
  const announce = () =>
    attempt("announcing this worker", async () => {
      await broker.declare(queues.declarations);
      await broker.announce(name, queues.order, 3 * presenceEvery);
    });
  const restore = () =>
    attempt("giving back what dead workers left", async () => {
      const { restored, nextDue } = await broker.restoreOrphans();
      if (restored > 0) log.info({ restored }, "messages of dead workers are back in their queues");
      if (nextDue) expect(nextDue);
    });

  const timers = [
    repeat(() => presenceEvery, announce),
    repeat(() => (broker.lease / 4) * (1 - Math.random() / 4), restore),
  ];
  let stopped = false;
  let alarm: { timer: NodeJS.Timeout; at: number } | undefined;
  /** The last time at which it was rung. What is due then by our clock and not by the broker's is not asked for at once again. */
  let rungFor = 0;

  function expect(time: Date): void {
    const at = time.getTime();
    if (stopped || (alarm && alarm.at <= at)) return;
    clearTimeout(alarm?.timer);
    const ring = () => {
      alarm = undefined;
      rungFor = at;
      void restore();
    };
    const soonest = at === rungFor ? clocksDiffer : 1;
    alarm = { timer: setTimeout(ring, Math.min(longestTimer, Math.max(soonest, at - Date.now() + 1))), at };
  }

  async function attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      log.warn({ err: error }, `${what} failed; trying again soon`);
    }
  }

  return {
    announce,
    expect,
    stop() {
      stopped = true;
      clearTimeout(alarm?.timer);
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
