import type { Logger } from "pino";
import type { Settled } from "../broker/broker.ts";
import { Unroutable } from "../broker/unroutable.ts";
import { CeleryError } from "../celery-error.ts";
import { type Held, type HeldMessages, monotonic } from "./held.ts";
import { Backoff } from "./waiting.ts";

/**
 * GAVE_UP: nothing could be settled while the lease lasted. The message then comes back to somebody by itself, so that
 * doing nothing is safe.
 */
export type Settlement = Settled | "GAVE_UP";

export interface Persistence {
  /** Asks the broker until it answers, as long as the lease lasts; at least once, since a LOST answer is harmless. */
  settle(held: Held, ask: () => Promise<Settled>): Promise<Settlement>;
  /**
   * Does what must come before the acknowledgement, until it succeeds; false when the lease was lost before.
   *
   * @throws a {@link CeleryError} about the message itself, or what it leads to: trying again would not help
   */
  insist(held: Held, what: string, act: () => Promise<unknown>): Promise<boolean>;
}

/**
 * A broken connection heals while a message is being settled: both calls try again with back-off.
 *
 * @param giveUp  aborted when the worker cannot wait any longer; what then fails is not tried again
 * @param options.bindingPatience  time in ms for which what leads to no queue is tried again
 */
export function persistence(
  held: HeldMessages,
  log: Logger,
  giveUp: AbortSignal,
  { bindingPatience = 15_000 }: { bindingPatience?: number } = {},
): Persistence {
  async function untilDone<T>(
    message: Held,
    what: string,
    act: () => Promise<T>,
    isHopeless: (error: unknown) => boolean,
  ): Promise<T | undefined> {
    const { tag } = message.delivery;
    const backoff = new Backoff();
    for (let attempt = 1; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (isHopeless(error)) throw error;
        if (held.isLost(message) || giveUp.aborted) {
          log.error({ err: error, tag, attempt }, `${what} failed; given up, the message will come back`);
          return undefined;
        }
        log.warn({ err: error, tag, attempt }, `${what} failed; trying again`);
        await backoff.wait(giveUp);
      }
    }
  }

  /** Where no queue is bound one may be soon: after a flush of Redis workers declare theirs within 10 s. */
  function hopelessness(): (error: unknown) => boolean {
    const since = monotonic();
    return (error) =>
      (error instanceof CeleryError && error.kind === "message") ||
      (error instanceof Unroutable && monotonic() - since >= bindingPatience);
  }

  return {
    settle: async (message, ask) => (await untilDone(message, "settling a message", ask, () => false)) ?? "GAVE_UP",
    insist: async (message, what, act) =>
      (await untilDone(message, what, () => act().then(() => true), hopelessness())) ?? false,
  };
}
