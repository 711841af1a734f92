import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { DataTransferError } from "../errors/data-transfer-error.ts";

export interface KeepTrying {
  /** What is waited for, as it stands in the log: `PostgreSQL`. */
  what: string;
  /** Seconds after which the program gives up. */
  timeout: number;
  log: Logger;
  signal: AbortSignal;
}

/** Longest pause between two attempts, in ms. */
const longestPause = 5000;

/**
 * Tries until it works, telling every failure. Only transient errors are tried again; when the time is over the last one
 * is thrown.
 *
 * @throws whatever the attempt threw, or the signal's reason
 */
export async function keepTrying<T>(options: KeepTrying, attempt: () => Promise<T>): Promise<T> {
  const { what, timeout, log, signal } = options;
  const begun = performance.now();
  for (let pause = 250; ; pause = Math.min(2 * pause, longestPause)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const left = timeout * 1000 - (performance.now() - begun);
      if (!(error instanceof DataTransferError) || error.kind !== "transient" || left <= 0) throw error;
      // The last attempt is made when the time is over, not before.
      const wait = Math.min(pause * (0.75 + Math.random() / 2), left);
      const facts = { err: error, retryInSeconds: round(wait), givesUpInSeconds: round(left) };
      log.warn(facts, `${what} is not ready; trying again`);
      await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Time for one attempt, in ms: never longer than the program is willing to wait in all. */
export function attemptTimeout(connectTimeout: number, startupTimeout: number): number {
  return Math.ceil(Math.max(Math.min(connectTimeout, startupTimeout), 0.5) * 1000);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
