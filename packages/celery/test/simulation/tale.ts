/** What happened, line by line, to be read when it went wrong. */
export class Tale {
  readonly #lines: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  tell(who: string, what: string): void {
    this.#lines.push(`${(this.#now() / 1000).toFixed(4).padStart(11)} s  ${who.padEnd(10)} ${what}`);
  }

  toString(): string {
    return this.#lines.join("\n");
  }
}
