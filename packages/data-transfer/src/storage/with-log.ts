import type { Logger } from "pino";
import type { Storage } from "./storage.ts";

/** One line for every operation that ended: what, how many bytes, how long; a failure is a warning with its error. */
export function withLog(log: Logger, storage: Storage): Storage {
  const about = { storage: storage.name };
  return {
    name: storage.name,
    close: () => storage.close(),

    async stat(key, signal) {
      const began = performance.now();
      try {
        const info = await storage.stat(key, signal);
        log.debug({ ...about, key, size: info.size, etag: info.etag, ms: since(began) }, "object found");
        return info;
      } catch (err) {
        if (!signal.aborted) log.warn({ ...about, key, err, ms: since(began) }, "object not found");
        throw err;
      }
    },

    async *read(key, range, pin, signal) {
      const began = performance.now();
      let bytes = 0;
      let outcome: { failed: unknown } | "ended" | "left" = "left";
      try {
        for await (const chunk of storage.read(key, range, pin, signal)) {
          bytes += chunk.length;
          yield chunk;
        }
        outcome = "ended";
      } catch (err) {
        outcome = { failed: err };
        throw err;
      } finally {
        const line = { ...about, key, start: range.start, bytes, ms: since(began) };
        if (outcome === "ended") log.debug(line, "read to its end");
        else if (outcome === "left" || signal.aborted) log.debug(line, "read was left");
        else log.warn({ ...line, err: outcome.failed }, "read failed");
      }
    },
  };
}

function since(began: number): number {
  return Math.round(performance.now() - began);
}
