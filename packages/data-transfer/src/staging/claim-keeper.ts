import type { Logger } from "pino";
import { ClaimLost } from "../errors/database.ts";
import { ClaimUnrenewable, StagingCancelled } from "../errors/staging.ts";
import type { Room } from "../model/room.ts";

export interface KeptClaim {
  /** Aborted when the work must stop: claim lost, not renewable in time, or the job cancelled. Its reason says which. */
  readonly signal: AbortSignal;
  /** Bytes done so far; goes into the database with the next renewal. */
  progress(bytesDone: number): void;
  /** What is left of the room that the claim was promised; goes the same way. */
  unwritten(room: Room): void;
  stop(): Promise<void>;
}

export interface ClaimKeeperOptions {
  /** Length of the claim in seconds. */
  leaseSeconds: number;
  /** Writes the renewal; answers whether the claim still stands. */
  renew(bytesDone: number, unwritten: Room | undefined): Promise<"held" | "lost" | "cancelled">;
  log: Logger;
  /** At most this long between two renewals, in ms; less where the lease demands it. Progress is as fresh as this. */
  every?: number;
}

/**
 * Renews a database claim while its package is on the way, and carries the progress with it.
 *
 * A database that cannot be reached, or does not answer, is no reason to stop until the claim, by our own monotonic clock,
 * has run out; then it is one, whether or not an answer is still awaited.
 */
export function keepClaim({ leaseSeconds, renew, log, every = 1000 }: ClaimKeeperOptions): KeptClaim {
  const interval = Math.min(every, (leaseSeconds * 1000) / 3);
  const controller = new AbortController();
  let bytesDone = 0;
  let unwritten: Room | undefined;
  let heldSince = performance.now();
  let lastError: unknown;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let runsOut = setTimeout(unrenewable, leaseSeconds * 1000);
  let renewal: Promise<void> = Promise.resolve();

  async function renewOnce(): Promise<void> {
    const asked = performance.now();
    try {
      const answer = await renew(bytesDone, unwritten);
      if (stopped) return;
      if (answer !== "held") return end(answer === "cancelled" ? new StagingCancelled() : new ClaimLost());
      heldSince = asked;
      clearTimeout(runsOut);
      runsOut = setTimeout(unrenewable, leaseSeconds * 1000 - (performance.now() - asked));
    } catch (error) {
      lastError = error;
      log.warn({ err: error, seconds: Math.round(secondsHeld()) }, "claim not renewed");
    }
  }

  function unrenewable(): void {
    end(new ClaimUnrenewable(secondsHeld(), { cause: lastError }));
  }

  function secondsHeld(): number {
    return (performance.now() - heldSince) / 1000;
  }

  function end(reason: Error): void {
    stopped = true;
    clearTimeout(runsOut);
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
    unwritten(room) {
      unwritten = room;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(runsOut);
      // Once it has run out, or is somebody else's, no answer changes anything.
      if (!controller.signal.aborted) await renewal;
    },
  };
}
