import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import { type Held, type HeldMessages, loseLease, monotonic } from "./held.ts";

export interface LeaseKeeper {
  stop(): void;
}

/**
 * Keeps the broker leases of everything the worker holds: one timer, and one call that renews them all when a third of
 * the lease is over.
 *
 * A lease that the broker calls LOST, or that got older than its length by the monotonic clock, is lost: its `leaseLost`
 * signal is aborted and it is not renewed again. A lost lease never stops a task; whether to go on is for the task
 * to decide.
 *
 * @param onLost  called once for each lost lease
 */
export function startLeaseKeeper(
  broker: Broker,
  held: HeldMessages,
  log: Logger,
  onLost: (held: Held, how: "answered" | "clock") => void,
): LeaseKeeper {
  const { lease } = broker;
  let renewing = false;
  let renewedAt = monotonic();

  // Judging by the clock costs nothing, so it is done more often than renewing: a frozen process finds out soon
  // after it thaws, and a renewal that failed is tried again well before the lease ends.
  const timer = setInterval(() => {
    for (const message of held) {
      if (!message.lost && !message.acknowledged && held.isLost(message)) lose(message, "clock");
    }
    if (!renewing && monotonic() - renewedAt >= lease / 3) void renew();
  }, lease / 12);

  async function renew(): Promise<void> {
    const ours = [...held].filter((message) => !message.acknowledged && !held.isLost(message));
    const askedAt = monotonic();
    if (ours.length === 0) {
      renewedAt = askedAt;
      return;
    }
    renewing = true;
    try {
      const answers = await broker.renew(ours.map((message) => message.delivery.tag));
      renewedAt = askedAt;
      for (const message of ours) {
        // What was settled while the question was under way is nobody's loss.
        if (held.get(message.delivery.tag) !== message || message.lost || message.acknowledged || message.leaving)
          continue;
        if (answers.get(message.delivery.tag) === "RENEWED") message.leasedAt = askedAt;
        else lose(message, "answered");
      }
    } catch (error) {
      log.warn({ err: error, leases: ours.length }, "leases could not be renewed; trying again");
    } finally {
      renewing = false;
    }
  }

  function lose(message: Held, how: "answered" | "clock"): void {
    loseLease(message, how);
    onLost(message, how);
  }

  return { stop: () => clearInterval(timer) };
}
