import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { CeleryError } from "../celery-error.ts";

/** Seconds between two tries: 2, 4, 6 and so on, as Celery has it. */
const step = 2;
const longest = 30;

/**
 * Tries until it works: while what is wrong may pass by itself, and `maxRetries` times at most (null: for ever).
 *
 * @throws the last error, or the signal's reason
 */
export async function connectPatiently<T>(
  connect: (signal: AbortSignal) => Promise<T>,
  { retry, maxRetries, log, signal }: { retry: boolean; maxRetries: number | null; log: Logger; signal: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect(signal);
    } catch (error) {
      signal.throwIfAborted();
      const passes = error instanceof CeleryError && error.kind === "transient";
      if (!retry || !passes || attempt > (maxRetries ?? Number.POSITIVE_INFINITY)) throw error;
      const seconds = Math.min(longest, attempt * step);
      const { code, message } = error;
      log.error({ code, try: attempt, of: maxRetries, seconds }, `${message}; trying again`);
      await pause(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
