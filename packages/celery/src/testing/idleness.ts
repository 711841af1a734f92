/** Time in ms between two looks where nothing says that something has changed. */
const lookEvery = 10;

/** Tells when there is nothing left to do. Looked for whenever something has changed, and now and then besides. */
export class Idleness {
  readonly #isIdle: () => boolean;
  readonly #waiters = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #looking: NodeJS.Immediate | undefined;

  /** @param isIdle  may set things in motion; it is then asked again */
  constructor(isIdle: () => boolean) {
    this.#isIdle = isIdle;
    // The end of a task shows at the broker before it shows at the worker, or not at all.
    this.#timer = setInterval(() => this.look(), lookEvery);
  }

  /** Something has changed: looks once what follows from it has had its turn. */
  look(): void {
    this.#looking ??= setImmediate(() => {
      this.#looking = undefined;
      if (this.#isIdle()) for (const resolve of this.#waiters) resolve();
    });
  }

  /** False when the time is over first. */
  async reached(timeout: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const found = () => resolve(true);
    const deadline = setTimeout(() => resolve(false), timeout);
    this.#waiters.add(found);
    try {
      return await promise;
    } finally {
      clearTimeout(deadline);
      this.#waiters.delete(found);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#looking);
  }
}
