import type { Logger } from "pino";
import { ClaimLost } from "../errors/database.ts";
import { ClaimUnrenewable, StagingCancelled } from "../errors/staging.ts";

export interface KeptClaim {
  /** Aborted when the work must stop: claim lost, not renewable in time, or the job cancelled. Its reason says which. */
  readonly signal: AbortSignal;
  /** Bytes done so far; goes into the database with the next renewal. */
  progress(bytesDone: number): void;
  stop(): Promise<void>;
}

export interface ClaimKeeperOptions {
  /** Length of the claim in seconds. */
  leaseSeconds: number;
  /** Writes the renewal; answers whether the claim still stands. */
  renew(bytesDone: number): Promise<"held" | "lost" | "cancelled">;
  log: Logger;
  /** At most this long between two renewals, in ms; less where the lease demands it. Progress is as fresh as this. */
  every?: number;
}

/**
 * Renews a database claim while its package is on the way, and carries the progress with it.
 *
 * A database that cannot be reached is no reason to stop until the claim, by our own monotonic clock, has run out.
 */
export function keepClaim({ leaseSeconds, renew, log, every = 1000 }: ClaimKeeperOptions): KeptClaim {
  const interval = Math.min(every, (leaseSeconds * 1000) / 3);
  const controller = new AbortController();
  let bytesDone = 0;
  let heldSince = performance.now();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let renewal: Promise<void> = Promise.resolve();

  async function renewOnce(): Promise<void> {
    const asked = performance.now();
    try {
      const answer = await renew(bytesDone);
      if (answer === "held") heldSince = asked;
      else end(answer === "cancelled" ? new StagingCancelled() : new ClaimLost());
    } catch (error) {
      const age = (performance.now() - heldSince) / 1000;
      log.warn({ err: error, seconds: Math.round(age) }, "claim not renewed");
      if (age >= leaseSeconds) end(new ClaimUnrenewable(age, { cause: error }));
    }
  }

  function end(reason: Error): void {
    stopped = true;
    controller.abort(reason);
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      renewal = renewOnce().finally(schedule);
    }, interval);
  }
  schedule();

  return {
    signal: controller.signal,
    progress(bytes) {
      bytesDone = bytes;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await renewal;
    },
  };
}
