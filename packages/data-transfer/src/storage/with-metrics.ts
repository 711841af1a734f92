import { DataTransferError } from "../errors/data-transfer-error.ts";
import type { Storage } from "./storage.ts";

/** Who counts. `storage` is a storage's name. */
export interface StorageObserver {
  received(storage: string, bytes: number): void;
  /**
   * An operation has ended.
   *
   * @param code  of the error; empty when it went well, `left` when its reader had enough, `other` for an error without a code
   * @param seconds  spent waiting for the store, not for the reader
   */
  ended(storage: string, operation: "stat" | "read", code: string, seconds: number): void;
}

/** Counts every operation, also those that a retry repeats: it belongs below the retry. */
export function withMetrics(observer: StorageObserver, storage: Storage): Storage {
  const { name } = storage;
  return {
    name,
    close: () => storage.close(),

    async stat(key, signal) {
      const began = performance.now();
      let code = "";
      try {
        return await storage.stat(key, signal);
      } catch (error) {
        code = codeOf(error, signal);
        throw error;
      } finally {
        observer.ended(name, "stat", code, (performance.now() - began) / 1000);
      }
    },

    async *read(key, range, pin, signal) {
      let waited = 0;
      let code = "left";
      const chunks = storage.read(key, range, pin, signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const asked = performance.now();
          const { done, value } = await chunks.next().finally(() => {
            waited += performance.now() - asked;
          });
          if (done) break;
          observer.received(name, value.length);
          yield value;
        }
        code = "";
      } catch (error) {
        code = codeOf(error, signal);
        throw error;
      } finally {
        await chunks.return?.();
        observer.ended(name, "read", code, waited / 1000);
      }
    },
  };
}

function codeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "left";
  return error instanceof DataTransferError ? error.code : "other";
}
