import type { Held } from "./held.ts";

/**
 * Messages that wait for their eta under a lease of ours, earliest first. It holds a bounded number: what is due last
 * goes back to the broker, so that a queue full of etas never moves into our memory.
 */
export class EtaShelf {
  readonly capacity: number;
  #waiting: { held: Held; due: number }[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Takes a message in; answers the one that must go back to the broker because the shelf is full. */
  put(held: Held, eta: Date): Held | undefined {
    this.#waiting.push({ held, due: eta.getTime() });
    this.#waiting.sort((a, b) => a.due - b.due);
    return this.#waiting.length > this.capacity ? this.#waiting.pop()?.held : undefined;
  }

  /** Takes out the earliest message if it is due. */
  takeDue(): Held | undefined {
    return this.msUntilDue() <= 0 ? this.#waiting.shift()?.held : undefined;
  }

  /** Milliseconds until the earliest is due, `Infinity` when nothing waits. */
  msUntilDue(): number {
    return (this.#waiting[0]?.due ?? Number.POSITIVE_INFINITY) - Date.now();
  }

  /** Takes everything out. */
  clear(): Held[] {
    return this.#waiting.splice(0).map(({ held }) => held);
  }
}
