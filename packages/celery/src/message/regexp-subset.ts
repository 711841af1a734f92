import type { PatternPart } from "./pattern-automaton.ts";

/**
 * Reads the part of Python's regular expressions that can be matched without going back: characters, `.`, classes,
 * groups, alternatives, `^`, `$` and repetitions.
 *
 * @throws {UnreadableRegexp} for what is none, or beyond that part
 */
export function readRegexp(source: string): PatternPart {
  const reader = new Reader(source);
  const pattern = readAlternatives(reader, 0);
  if (!reader.isAtEnd()) throw new UnreadableRegexp("a parenthesis is closed that was not opened");
  return pattern;
}

/** Its message is half a sentence. */
export class UnreadableRegexp extends Error {}

const deepest = 50;
const mostRepetitions = 1000;

function readAlternatives(reader: Reader, depth: number): PatternPart {
  if (depth > deepest) throw new UnreadableRegexp(`groups are nested deeper than ${deepest} levels`);
  const of = [readSequence(reader, depth)];
  while (reader.takes("|")) of.push(readSequence(reader, depth));
  return of.length === 1 ? of[0]! : { kind: "either", of };
}

function readSequence(reader: Reader, depth: number): PatternPart {
  const of: PatternPart[] = [];
  while (!reader.isAtEnd() && !reader.sees("|") && !reader.sees(")")) of.push(readRepeated(reader, depth));
  return { kind: "all", of };
}

function readRepeated(reader: Reader, depth: number): PatternPart {
  const what = readAtom(reader, depth);
  const times = readTimes(reader);
  if (!times) return what;
  if (what.kind === "start" || what.kind === "end") throw new UnreadableRegexp("an anchor is repeated");
  // Lazy or not, the same texts fit. Possessive repetition is another matter, and so is a repetition repeated.
  reader.takes("?");
  if (reader.sees("+") || readTimes(reader)) throw new UnreadableRegexp("a repetition is repeated, or possessive");
  return { kind: "repeat", what, ...times };
}

function readTimes(reader: Reader): { least: number; most: number } | undefined {
  if (reader.takes("*")) return { least: 0, most: Number.POSITIVE_INFINITY };
  if (reader.takes("+")) return { least: 1, most: Number.POSITIVE_INFINITY };
  if (reader.takes("?")) return { least: 0, most: 1 };
  const counted = reader.match(/\{(?!\})(\d*)(,?)(\d*)\}/y);
  if (!counted) return undefined;
  const [whole, from, comma, to] = counted as unknown as [string, string, string, string];
  const least = Number(from);
  const most = comma === "" ? least : to === "" ? Number.POSITIVE_INFINITY : Number(to);
  if (most < least) throw new UnreadableRegexp(`${whole} counts down`);
  if (least > mostRepetitions || (most > mostRepetitions && Number.isFinite(most))) {
    throw new UnreadableRegexp(`${whole} repeats more than ${mostRepetitions} times`);
  }
  return { least, most };
}

function readAtom(reader: Reader, depth: number): PatternPart {
  if (reader.takes("(")) {
    if (reader.takes("?") && !reader.takes(":") && !reader.match(/P<\w+>/y)) {
      throw new UnreadableRegexp("groups that begin with (? are not understood, but for (?: and (?P<name>");
    }
    const inside = readAlternatives(reader, depth + 1);
    if (!reader.takes(")")) throw new UnreadableRegexp("a parenthesis is not closed");
    return inside;
  }
  if (reader.takes("[")) return one(readClass(reader));
  if (readTimes(reader)) throw new UnreadableRegexp("nothing stands before a repetition");
  const character = reader.next();
  if (character === "^") return { kind: "start" };
  if (character === "$") return { kind: "end" };
  if (character === ".") return one((given) => given !== "\n");
  if (character === "\\") return one(readEscape(reader));
  return one(is(character));
}

function readClass(reader: Reader): Fits {
  const negative = reader.takes("^");
  const members: Fits[] = [];
  do {
    const [from, fits] = readMember(reader);
    if (!reader.sees("-") || reader.sees("-]")) {
      members.push(fits);
      continue;
    }
    reader.next();
    const [to] = readMember(reader);
    if (from === undefined || to === undefined || to < from) throw new UnreadableRegexp("a range in [ ] is none");
    members.push((given) => from <= code(given) && code(given) <= to);
  } while (!reader.takes("]"));
  return (given) => members.some((fits) => fits(given)) !== negative;
}

/** The code of a single character, by which it may bound a range. */
function readMember(reader: Reader): [number | undefined, Fits] {
  const character = reader.next();
  if (character !== "\\") return [code(character), is(character)];
  const escaped = reader.peek();
  const fits = readEscape(reader);
  return [classes[escaped] ? undefined : code(controls[escaped] ?? escaped), fits];
}

type Fits = (character: string) => boolean;

const classes: Readonly<Record<string, Fits>> = {
  d: (given) => /\p{Nd}/u.test(given),
  D: (given) => !/\p{Nd}/u.test(given),
  w: (given) => /[\p{L}\p{N}_]/u.test(given),
  W: (given) => !/[\p{L}\p{N}_]/u.test(given),
  s: (given) => /\s/.test(given),
  S: (given) => !/\s/.test(given),
};

const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v", a: "\x07" };

function readEscape(reader: Reader): Fits {
  const character = reader.next();
  const named = classes[character] ?? (controls[character] === undefined ? undefined : is(controls[character]));
  if (named) return named;
  if (/[a-z0-9]/i.test(character)) throw new UnreadableRegexp(`\\${character} is not understood`);
  return is(character);
}

function one(fits: Fits): PatternPart {
  return { kind: "one", fits };
}

function is(character: string): Fits {
  return (given) => given === character;
}

function code(character: string): number {
  return character.codePointAt(0)!;
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#source.length;
  }

  sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  takes(text: string): boolean {
    const there = this.sees(text);
    if (there) this.#at += text.length;
    return there;
  }

  peek(): string {
    return this.isAtEnd() ? "" : String.fromCodePoint(this.#source.codePointAt(this.#at)!);
  }

  next(): string {
    const character = this.peek();
    if (character === "") throw new UnreadableRegexp("it ends too early");
    this.#at += character.length;
    return character;
  }

  /** @param sticky  a regular expression with the flag y */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#source);
    if (match) this.#at = sticky.lastIndex;
    return match;
  }
}
