import type { Select } from "./syntax.ts";
import { type Token, tokens } from "./tokens.ts";

/** Reads SQL word by word. */
export class Reader {
  /** Reads a whole SELECT: expressions have such in them. */
  readonly select: () => Select;
  readonly #tokens: Token[];
  #at = 0;

  constructor(sql: string, readSelect: (reader: Reader) => Select) {
    this.select = () => readSelect(this);
    this.#tokens = tokens(sql);
  }

  get next(): Token {
    return this.#tokens[this.#at]!;
  }

  get atEnd(): boolean {
    return this.next.kind === "end";
  }

  /** Whether these words, or signs, come next. */
  sees(...words: string[]): boolean {
    return words.every((word, i) => {
      const token = this.#tokens[this.#at + i];
      return token !== undefined && (token.kind === "word" || token.kind === "sign") && token.value === word;
    });
  }

  /** Goes on behind these words if they come next. */
  takes(...words: string[]): boolean {
    if (!this.sees(...words)) return false;
    this.#at += words.length;
    return true;
  }

  expect(...words: string[]): void {
    if (!this.takes(...words)) this.refuse(`expected ${words.join(" ")}`);
  }

  take(): Token {
    return this.#tokens[this.#at++]!;
  }

  name(): string {
    const token = this.take();
    if (token.kind !== "word" && token.kind !== "name") this.refuse("expected a name");
    return token.value;
  }

  list<T>(read: () => T): T[] {
    const found = [read()];
    while (this.takes(",")) found.push(read());
    return found;
  }

  inBrackets<T>(read: () => T): T {
    this.expect("(");
    const found = read();
    this.expect(")");
    return found;
  }

  refuse(why: string): never {
    const around = this.#tokens.slice(Math.max(0, this.#at - 8), this.#at + 4).map(({ value }) => value);
    throw new SyntaxError(`the simulated PostgreSQL does not understand: ${why} at ... ${around.join(" ")} ...`);
  }
}
