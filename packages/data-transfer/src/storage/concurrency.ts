import { type EventLoopUtilization, performance as timing } from "node:perf_hooks";

export interface ConcurrencyOptions {
  /** Parts of one read under way at most. */
  ceiling: number;
  /** ms of a clock that only goes forward. */
  now?: () => number;
  /** The share of time in which this thread had work, since it was last asked; from 0 to 1. */
  load?: () => number;
}

/** Parts under way when nothing is known yet: the second one hides the time in which the first is asked for. */
const first = 2;
/** ms and bytes that a rate is measured over at least. */
const window = { ms: 200, bytes: 4 * 1024 * 1024 };
/** More parts are kept when they bring this much more, fewer ones when they bring not less than that. */
const worthMore = 1.15;
const asGood = 0.95;
/** ms before something is tried again after it did not pay: doubled each time. */
const pause = { least: 5000, most: 80_000 };
/** ms in which further trouble is taken for the same. */
const sameTrouble = 1000;
/** A thread with more to do than this has no time for more parts. */
const busy = 0.85;
/** A reader that waits for less than this share of the time has as many bytes as it can take. */
const hungry = 0.1;

interface Window {
  since: number;
  bytes: number;
  /** ms, of all readers together. */
  starved: number;
}

/**
 * How many parts of a read are under way at once: few at first, more while that brings more bytes a second; fewer when an
 * archive is in trouble, or when it is faster than whoever reads, and fewer do as well. One for each archive: what one package has
 * taught helps the next.
 */
export class Concurrency {
  readonly #ceiling: number;
  readonly #now: () => number;
  readonly #load: () => number;
  #limit: number;
  #readers = 0;
  #parts = 0;
  #window: Window | undefined;
  #hungry = true;
  #appetite: { since: number; starved: number } | undefined;
  /** The limit before the one that is being tried, and what it brought. */
  #trial: { from: number; rate: number } | undefined;
  #pause: number = pause.least;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #lastTrouble = Number.NEGATIVE_INFINITY;

  constructor({ ceiling, now = () => performance.now(), load = threadLoad() }: ConcurrencyOptions) {
    this.#ceiling = Math.max(1, ceiling);
    this.#now = now;
    this.#load = load;
    this.#limit = Math.min(first, this.#ceiling);
  }

  /** Parts that each read may have under way now. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether readers have waited for bytes lately; true, too, where that is not known yet. */
  get hungry(): boolean {
    return this.#hungry;
  }

  /** A read has begun. @returns to be called when it has ended */
  reader(): () => void {
    this.#readers += 1;
    this.#window = undefined;
    return () => {
      this.#readers -= 1;
      this.#window = undefined;
    };
  }

  /** A part is asked for. @returns to be called when it has ended */
  part(): () => void {
    this.#parts += 1;
    return () => {
      this.#parts -= 1;
    };
  }

  /** Bytes have come from the archive. */
  received(bytes: number): void {
    // With more parts, or fewer, than there should be a rate says nothing: some are still ending, or it is the package's end.
    if (this.#parts !== this.#limit * this.#readers) this.#window = undefined;
    else if (this.#window === undefined) this.#begin();
    else this.#measure(this.#window, bytes);
  }

  /** A reader has waited so many ms for bytes whose turn it was. */
  starved(ms: number): void {
    if (this.#window !== undefined) this.#window.starved += ms;
    const now = this.#now();
    this.#appetite ??= { since: now - ms, starved: 0 };
    this.#appetite.starved += ms;
    const passed = now - this.#appetite.since;
    if (passed < window.ms) return;
    this.#hungry = this.#appetite.starved >= passed * this.#readers * hungry;
    this.#appetite = undefined;
  }

  /** The archive was busy, silent or gone: half as many parts, and no more for a while. */
  trouble(): void {
    const now = this.#now();
    if (now - this.#lastTrouble < sameTrouble) return;
    this.#lastTrouble = now;
    this.#set(Math.max(1, Math.floor(this.#limit / 2)));
    this.#trial = undefined;
    this.#beQuiet(now);
  }

  #begin(): void {
    this.#window = { since: this.#now(), bytes: 0, starved: 0 };
    this.#load();
  }

  #measure(measured: Window, bytes: number): void {
    measured.bytes += bytes;
    const now = this.#now();
    const ms = now - measured.since;
    if (ms < window.ms || measured.bytes < window.bytes) return;
    this.#window = undefined;
    const rate = measured.bytes / ms;
    const trial = this.#trial;
    this.#trial = undefined;
    if (trial !== undefined && !isBetter(rate, trial, this.#limit)) {
      this.#set(trial.from);
      this.#beQuiet(now);
    } else if (now >= this.#quietUntil) {
      const fewer = measured.starved < ms * this.#readers * hungry || this.#load() > busy;
      this.#try(rate, fewer ? Math.ceil(this.#limit / 2) : Math.min(this.#ceiling, this.#limit * 2));
    }
  }

  #try(rate: number, limit: number): void {
    if (limit === this.#limit) return;
    this.#trial = { from: this.#limit, rate };
    this.#set(limit);
  }

  #set(limit: number): void {
    this.#limit = limit;
    this.#window = undefined;
  }

  #beQuiet(now: number): void {
    this.#quietUntil = now + this.#pause;
    this.#pause = Math.min(pause.most, this.#pause * 2);
  }
}

function isBetter(rate: number, before: { from: number; rate: number }, limit: number): boolean {
  return rate >= before.rate * (limit > before.from ? worthMore : asGood);
}

function threadLoad(): () => number {
  let before: EventLoopUtilization | undefined;
  return () => {
    const now = timing.eventLoopUtilization();
    const { utilization } = before === undefined ? now : timing.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
