import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import { DataTransferError } from "../errors/data-transfer-error.ts";
import { DatabaseTls } from "../errors/database.ts";

/**
 * Does something until it succeeds, as long as it fails for a reason that may pass: the database is restarted, fails over, or is
 * not understood.
 * Any other error is thrown at once; so is the last one when the signal aborts.
 */
export async function persistently<T>(log: Logger, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DataTransferError) || !mayPass(error) || signal.aborted) throw error;
      log.warn({ code: error.code, tries: attempt + 1 }, `${error.message}; tried again`);
      await pause(Math.min(5000, 100 * 2 ** attempt), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** TLS that fails in the middle of the work is, more often than a matter of certificates, bytes that were damaged on the way. */
function mayPass(error: DataTransferError): boolean {
  return (error.kind === "transient" && !permanent.has(error.code)) || error instanceof DatabaseTls;
}

/** Transient for the item, but not to be had by asking again. */
const permanent: ReadonlySet<string> = new Set(["CDT-CLAIM-LOST", "CDT-CLAIM-UNRENEWABLE"]);
