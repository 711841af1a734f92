import { setTimeout as wait } from "node:timers/promises";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { ObjectChanged, ShortObject, SourceUnreachable } from "../errors/source.ts";
import type { Storage } from "./storage.ts";

export interface RetryPolicy {
  /** Tries in a row without a single new byte, the first one included. */
  attempts: number;
  /** ms before the second try; doubled with each further one. */
  firstDelay: number;
  /** ms between two tries at most; also what a store's `Retry-After` is cut to. */
  maxDelay: number;
  /** Between 0 and 1; spreads the tries of many workers. */
  random?: () => number;
  /** Told of every retry and of every recovery, for logs and metrics. */
  report?: (event: RetryEvent) => void;
}

export type RetryEvent = {
  storage: string;
  key: string;
  operation: "stat" | "read";
  /** Tries made so far without progress. */
  tries: number;
} & ({ type: "retry"; error: DataTransferError; delay: number; at: number } | { type: "recovered" });

/**
 * Tries transient failures again. A read goes on from the byte that it reached, with the same pin, so that no byte is
 * given twice and none of another version. Each try that brings bytes starts the count anew.
 *
 * An object that was replaced is not tried again here: the bytes already given belong to the old one.
 */
export function withRetry(policy: RetryPolicy, storage: Storage): Storage {
  return {
    name: storage.name,
    close: () => storage.close(),

    async stat(key, signal) {
      const tries = countTries(policy, storage.name, key, "stat");
      for (;;) {
        try {
          const info = await storage.stat(key, signal);
          tries.succeeded();
          return info;
        } catch (error) {
          await tries.failed(error, 0, signal);
        }
      }
    },

    async *read(key, range, pin, signal) {
      const tries = countTries(policy, storage.name, key, "read");
      let start = range.start;
      for (;;) {
        try {
          for await (const chunk of storage.read(key, { ...range, start }, pin, signal)) {
            if (chunk.length > 0) tries.succeeded();
            start += chunk.length;
            yield chunk;
          }
          tries.succeeded();
          return;
        } catch (error) {
          await tries.failed(error, start, signal);
        }
      }
    },
  };
}

function countTries(policy: RetryPolicy, storage: string, key: string, operation: "stat" | "read") {
  const { attempts, firstDelay, maxDelay, random = Math.random, report } = policy;
  const about = { storage, key, operation };
  let tries = 0;
  return {
    succeeded() {
      if (tries > 0) report?.({ ...about, type: "recovered", tries });
      tries = 0;
    },
    /** Waits until the next try is due. @throws the error itself when it is final, or the signal's reason */
    async failed(error: unknown, at: number, signal: AbortSignal) {
      signal.throwIfAborted();
      tries += 1;
      if (!mayPass(error) || tries >= attempts) throw error;
      const backOff = Math.min(maxDelay, firstDelay * 2 ** Math.min(tries - 1, 30)) * (0.5 + random() / 2);
      // All that were told the same time would come back at the same moment.
      const asked = error instanceof SourceUnreachable ? (error.retryAfter ?? 0) + random() * firstDelay : 0;
      const delay = Math.min(maxDelay, Math.max(backOff, asked));
      report?.({ ...about, type: "retry", tries, error, delay, at });
      try {
        await wait(delay, undefined, { signal });
      } catch {
        throw signal.reason;
      }
    },
  };
}

/** A body that ends early may be the store's mistake: some send the start of an object as if it were all of it. */
function mayPass(error: unknown): error is DataTransferError {
  if (error instanceof ObjectChanged) return false;
  return error instanceof ShortObject || (error instanceof DataTransferError && error.kind === "transient");
}
