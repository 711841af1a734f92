import type { Process } from "./process.ts";

export interface Trouble {
  /** What was done. */
  what: string;
  /** Undefined when it concerns everybody. */
  who: Process | undefined;
  from: number;
  /** `Infinity` while it lasts. */
  to: number;
}

/** The faults of a simulation: what happens to messages has to be explained by them. */
export class Troubles {
  readonly #all: Trouble[] = [];

  add(trouble: Trouble): Trouble {
    this.#all.push(trouble);
    return trouble;
  }

  /** A trouble that somebody had, or everybody, at some time between the two. */
  during(who: Process, from: number, to: number): Trouble | undefined {
    return this.#all.find((one) => (one.who === who || one.who === undefined) && one.from <= to && one.to >= from);
  }

  /** When the last trouble of one, or of all, ended. */
  lastEnd(who: Process): number {
    let last = 0;
    for (const one of this.#all) if (one.who === who || one.who === undefined) last = Math.max(last, one.to);
    return last;
  }

  /** Ends what lasts of one. */
  end(now: number, who: Process): void {
    for (const one of this.#all) if (one.who === who) one.to = Math.min(one.to, now);
  }
}
