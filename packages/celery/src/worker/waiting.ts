/** Resolves after `ms`, or as soon as the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** Resolves when the promise has settled or `ms` have passed, whichever is first. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([promise.catch(() => undefined), pause(ms, over.signal)]);
  over.abort();
}

/** Waits between tries: 100 ms, doubling up to 5 s, each shortened by up to a half so that peers do not march in step. */
export class Backoff {
  #next = 100;

  reset(): void {
    this.#next = 100;
  }

  /** Waits; ends early, without an error, when the signal aborts. */
  async wait(signal?: AbortSignal): Promise<void> {
    const ms = this.#next * (1 - Math.random() / 2);
    this.#next = Math.min(this.#next * 2, 5_000);
    await pause(ms, signal);
  }
}
