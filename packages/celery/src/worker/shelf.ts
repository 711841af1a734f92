import type { Held } from "./held.ts";

/**
 * Messages that wait for their time (an eta, or their turn under a rate limit) under a lease of ours, earliest first.
 * It holds a bounded number: what is due last is parked with the broker, so that a queue full of etas never moves into
 * our memory.
 */
export class Shelf {
  capacity: number;
  #waiting: { held: Held; due: number }[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether one that is due then would be kept. */
  hasRoomFor(due: number): boolean {
    return this.#waiting.length < this.capacity || due < (this.#waiting.at(-1)?.due ?? 0);
  }

  /** Takes a message in; answers the one that finds no place any more, which may be the very same. */
  put(held: Held, due: number): { held: Held; due: number } | undefined {
    const at = this.#waiting.findLastIndex((other) => other.due <= due) + 1;
    this.#waiting.splice(at, 0, { held, due });
    return this.#waiting.length > this.capacity ? this.#waiting.pop() : undefined;
  }

  /** Takes out the earliest message if it is due. */
  takeDue(): Held | undefined {
    return this.msUntilDue() <= 0 ? this.#waiting.shift()?.held : undefined;
  }

  /** Milliseconds until the earliest is due, `Infinity` when nothing waits. */
  msUntilDue(): number {
    return (this.#waiting[0]?.due ?? Number.POSITIVE_INFINITY) - Date.now();
  }

  remove(held: Held): void {
    this.#waiting = this.#waiting.filter((other) => other.held !== held);
  }

  /** Takes everything out. */
  clear(): Held[] {
    return this.#waiting.splice(0).map(({ held }) => held);
  }
}
