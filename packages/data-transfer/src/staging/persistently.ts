import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { DataTransferError } from "../errors/data-transfer-error.ts";

/**
 * Does something until it succeeds, as long as it fails for a transient reason: the database is restarted, or fails over.
 * Any other error is thrown at once; so is the last one when the signal aborts.
 */
export async function persistently<T>(log: Logger, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DataTransferError) || error.kind !== "transient" || signal.aborted) throw error;
      if (permanent.has(error.code)) throw error;
      log.warn({ code: error.code, tries: attempt + 1 }, `${error.message}; tried again`);
      await pause(Math.min(5000, 100 * 2 ** attempt), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** Transient for the item, but not to be had by asking again. */
const permanent: ReadonlySet<string> = new Set(["CDT-CLAIM-LOST", "CDT-CLAIM-UNRENEWABLE"]);
