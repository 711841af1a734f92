import { whoRuns } from "../../../../celery/test/simulation/process.ts";
import { simulated } from "../simulated.ts";

// In place of the globals of the same names: time is the timeline's, and every process has its own timers.

export interface Timer {
  unref(): Timer;
  ref(): Timer;
}

const pending = new WeakSet<Timer>();

export function setTimeout(act: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer {
  const timer: Timer = { unref: () => timer, ref: () => timer };
  pending.add(timer);
  const run = () => {
    if (pending.delete(timer)) act(...args);
  };
  // Due timers of a process that was stalled are looked at when it goes on: what was cleared meanwhile is not run.
  whoRuns().later(Math.max(1, ms), run);
  return timer;
}

export function clearTimeout(timer: Timer | undefined): void {
  if (timer) pending.delete(timer);
}

export const performance = { now: () => whoRuns().monotonic() };

const math: typeof globalThis.Math = Object.create(globalThis.Math, {
  random: { value: () => simulated().random.next() },
});

export { math as Math };

export const AbortSignal = {
  any: (signals: globalThis.AbortSignal[]) => globalThis.AbortSignal.any(signals),
  abort: (reason?: unknown) => globalThis.AbortSignal.abort(reason),
  timeout(ms: number): globalThis.AbortSignal {
    const controller = new AbortController();
    whoRuns().later(ms, () => controller.abort(new DOMException("the time is over", "TimeoutError")));
    return controller.signal;
  },
};
