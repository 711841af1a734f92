import type { Logger } from "pino";
import { ReadNotMade } from "../errors/source.ts";
import type { Storage } from "./storage.ts";

/**
 * A source that is looked at and not read. `stat` works, so that a plan knows size and version, and whether the archive can
 * be reached. A read asks once more whether the pinned version is there, which is all that can be known without
 * its bytes, tells the log what would be read, and ends with {@link ReadNotMade}: whoever plans catches it, and nobody can take
 * an empty read for a package.
 */
export function withDryRun(log: Logger, storage: Storage): Storage {
  return {
    name: storage.name,
    stat: (key, signal) => storage.stat(key, signal),
    close: () => storage.close(),

    async *read(key, range, pin, signal) {
      const end = Math.min(range.end ?? pin.size, pin.size);
      const bytes = Math.max(0, end - range.start);
      // An empty range checks the pin, and brings nothing.
      yield* storage.read(key, { start: end, end }, pin, signal);
      log.info({ storage: storage.name, key, start: range.start, bytes }, "would be read; this is a dry run");
      throw new ReadNotMade({ storage: storage.name, key, bytes });
    },
  };
}
