import type { Timeline } from "./timeline.ts";

/** The process whose code runs now: what it reads from its clocks depends on who asks. */
let running: Process | undefined;

/** A machine's process: it may be stalled, its wall clock may be wrong, and it may die at any moment. */
export class Process {
  readonly name: string;
  alive = true;
  diedAt: number | undefined;
  /** What its wall clock is ahead of the truth, in ms. */
  skew = 0;
  readonly born: number;
  readonly #timeline: Timeline;
  #stalledUntil = 0;
  /** Time that its monotonic clock has not counted. */
  #suspended = 0;
  #whileStalled: (() => void)[] = [];

  constructor(name: string, timeline: Timeline) {
    this.name = name;
    this.#timeline = timeline;
    this.born = timeline.now;
  }

  /** Milliseconds on a clock that nobody sets. */
  monotonic(): number {
    return this.#timeline.now - this.born - this.#suspended;
  }

  get isStalled(): boolean {
    return this.#stalledUntil > this.#timeline.now;
  }

  /** Runs its code now, or when it is no longer stalled; never when it is dead. */
  resume(act: () => void): void {
    if (!this.alive) return;
    if (this.isStalled) {
      this.#whileStalled.push(act);
      return;
    }
    running = this;
    this.#timeline.touched = true;
    act();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  later(ms: number, act: () => void): void {
    this.#timeline.after(ms, () => this.resume(act));
  }

  /** Nothing of it runs for so long. When its whole machine sleeps, the monotonic clock stands, too. */
  stall(ms: number, machineSleeps: boolean): void {
    const until = Math.max(this.#stalledUntil, this.#timeline.now + ms);
    if (machineSleeps && !this.isStalled) this.#suspended += ms;
    this.#stalledUntil = until;
    this.#timeline.after(until - this.#timeline.now, () => this.#thaw());
  }

  die(): void {
    if (this.alive) this.diedAt = this.#timeline.now;
    this.alive = false;
    this.#whileStalled = [];
  }

  #thaw(): void {
    if (this.isStalled) return;
    const waiting = this.#whileStalled;
    this.#whileStalled = [];
    // Each in a turn of its own, as an event loop does it.
    for (const act of waiting) this.#timeline.after(0, () => this.resume(act));
  }
}

/** Whose code runs, or ran last. */
export function whoRuns(): Process {
  if (!running) throw new Error("nobody's code has run yet");
  return running;
}

/** `performance.now()` for the process whose code runs. */
export function monotonicOfWhoRuns(): number {
  return running?.monotonic() ?? 0;
}
