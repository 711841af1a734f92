import { SourceStalled } from "../errors/source.ts";
import type { Storage } from "./storage.ts";

/**
 * Gives up on a store that is silent: no answer, or no further bytes, for `seconds`. Only time spent waiting for the
 * store counts, not the time its reader takes. Holds also for a store that does not heed its abort signal.
 *
 * @throws SourceStalled, or the signal's reason
 */
export function withStallLimit(seconds: number, storage: Storage): Storage {
  return {
    name: storage.name,
    close: () => storage.close(),

    async stat(key, signal) {
      const stop = new AbortController();
      return await answerWithin(key, signal, stop, () => storage.stat(key, AbortSignal.any([signal, stop.signal])));
    },

    async *read(key, range, pin, signal) {
      const stop = new AbortController();
      const chunks = storage.read(key, range, pin, AbortSignal.any([signal, stop.signal]))[Symbol.asyncIterator]();
      let ended = false;
      try {
        for (;;) {
          const next = await answerWithin(key, signal, stop, () => chunks.next());
          if (next.done) {
            ended = true;
            return;
          }
          yield next.value;
        }
      } finally {
        // Not awaited where it hangs: a generator that waits for bytes comes to its end only when they come.
        const returned = chunks.return?.();
        if (stop.signal.aborted || signal.aborted) returned?.catch(() => {});
        else if (!ended) await returned;
      }
    },
  };

  function answerWithin<T>(key: string, signal: AbortSignal, stop: AbortController, ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // Whichever comes first settles it; the store's answer may never come.
      const settle = (how: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        how();
      };
      const stalled = () => {
        const error = new SourceStalled({ storage: storage.name, key, seconds });
        stop.abort(error);
        settle(() => reject(error));
      };
      const aborted = () => settle(() => reject(signal.reason));
      const timer = setTimeout(stalled, seconds * 1000);
      signal.addEventListener("abort", aborted, { once: true });
      if (signal.aborted) aborted();
      ask().then(
        (answer) => settle(() => resolve(answer)),
        (error) => settle(() => reject(error)),
      );
    });
  }
}
