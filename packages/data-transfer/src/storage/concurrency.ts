export interface ConcurrencyOptions {
  /** Parts of one read under way at most. */
  ceiling: number;
  /** ms of a clock that only goes forward. */
  now?: () => number;
}

/** Parts under way when nothing is known yet: the second one hides the time in which the first is asked for. */
const first = 2;
/** ms and bytes that a rate is measured over at least. */
const window = { ms: 200, bytes: 4 * 1024 * 1024 };
/** More parts are kept when they bring this much more, fewer ones when they bring not less than that. */
const worthMore = 1.15;
const asGood = 0.95;
/** ms before a change that did not pay is tried again: doubled each time. */
const hold = { least: 2000, most: 60_000 };
/** ms in which further trouble is taken for the same. */
const sameTrouble = 1000;

/**
 * How many parts of a read are under way at once: few at first, more while that brings more bytes a second, fewer when an
 * archive is in trouble, or does as well with fewer. One for each archive: what one package has taught helps the next.
 *
 * Nothing here needs to know what the limit is, network, archive, processor or the disk at the other end: whichever it is, more
 * parts then bring nothing, and are given up.
 */
export class Concurrency {
  readonly #ceiling: number;
  readonly #now: () => number;
  #limit: number;
  #readers = 0;
  #parts = 0;
  #window: { since: number; bytes: number } | undefined;
  /** The limit before the one that is being tried, and what it brought. */
  #trial: { from: number; rate: number } | undefined;
  #next: "more" | "fewer" = "more";
  #pause: number = hold.least;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #lastTrouble = Number.NEGATIVE_INFINITY;

  constructor({ ceiling, now = () => performance.now() }: ConcurrencyOptions) {
    this.#ceiling = Math.max(1, ceiling);
    this.#now = now;
    this.#limit = Math.min(first, this.#ceiling);
  }

  /** Parts that each read may have under way now. */
  get limit(): number {
    return this.#limit;
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
    else if (this.#window === undefined) this.#window = { since: this.#now(), bytes: 0 };
    else this.#measure(this.#window, bytes);
  }

  /** The archive was busy, silent or gone: half as many parts, and no more for a while. */
  trouble(): void {
    const now = this.#now();
    if (now - this.#lastTrouble < sameTrouble) return;
    this.#lastTrouble = now;
    this.#set(Math.max(1, Math.floor(this.#limit / 2)));
    this.#trial = undefined;
    this.#wait(now);
  }

  #measure(measured: { since: number; bytes: number }, bytes: number): void {
    measured.bytes += bytes;
    const now = this.#now();
    const ms = now - measured.since;
    if (ms < window.ms || measured.bytes < window.bytes) return;
    this.#window = undefined;
    const rate = measured.bytes / ms;
    const trial = this.#trial;
    this.#trial = undefined;
    if (trial !== undefined && !isBetter(rate, trial, this.#limit)) {
      // Back, and the other way next; when that fails as well, this is where it stays for a while.
      this.#set(trial.from);
      if (this.#next === "fewer") this.#wait(now);
      this.#next = this.#next === "more" ? "fewer" : "more";
    } else if (now >= this.#quietUntil) {
      this.#try(rate, now);
    }
  }

  #try(rate: number, now: number): void {
    const from = this.#limit;
    const to = this.#next === "more" ? Math.min(this.#ceiling, from * 2) : Math.ceil(from / 2);
    if (to === from) {
      if (this.#next === "fewer") this.#wait(now);
      this.#next = this.#next === "more" ? "fewer" : "more";
      return;
    }
    this.#trial = { from, rate };
    this.#set(to);
  }

  #set(limit: number): void {
    this.#limit = limit;
    this.#window = undefined;
  }

  #wait(now: number): void {
    this.#quietUntil = now + this.#pause;
    this.#pause = Math.min(hold.most, this.#pause * 2);
    this.#next = "more";
  }
}

function isBetter(rate: number, before: { from: number; rate: number }, limit: number): boolean {
  return rate >= before.rate * (limit > before.from ? worthMore : asGood);
}
