/**
 * Lamport's logical clock, as kombu keeps it (kombu 5.6 `clocks.py`): it orders the events of several workers where their
 * wall clocks cannot.
 */
export class LamportClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** One step on, before something is sent; answers the new value. */
  forward(): number {
    return ++this.#value;
  }

  /** Moves beyond a value that was seen in a message. What is no plausible one only counts as a step. */
  adjust(seen: unknown): number {
    if (typeof seen === "number" && Number.isInteger(seen) && seen < highest) this.#value = Math.max(this.#value, seen);
    return this.forward();
  }
}

/** A forged value near 2^53 would make the clock stand still for everybody. */
const highest = 2 ** 52;
