import { CeleryError } from "../celery-error.ts";
import { type PatternPart, patternMatcher } from "./pattern-automaton.ts";
import { readRegexp, UnreadableRegexp } from "./regexp-subset.ts";

/** Whether a text fits a pattern. A text of more than 4,096 characters fits none. */
export type Matcher = (text: string) => boolean;

/** A pattern from a message that is not looked at any closer. */
export class PatternRefused extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-PATTERN-REFUSED";
  readonly help = "send the names themselves, or a shorter glob";
}

/** The longest pattern, in characters; how often its parts count together, repetitions included; and the longest text. */
const [longestPattern, mostStates, longestText] = [500, 2000, 4096];

/**
 * The matcher of a pattern that came in a message: `glob` or `pcre`, kombu's two (kombu 5.6 `matcher.py`). No pattern
 * takes longer than its length times the text's, so that none can stop us.
 *
 * @throws {PatternRefused} when the pattern is too long, or not understood, or the matcher is unknown
 */
export function boundedMatcher(matcher: string, pattern: string): Matcher {
  if (matcher === "glob") return globMatcher(pattern);
  if (matcher === "pcre") return pcreMatcher(pattern);
  throw new PatternRefused(`there is no matcher ${JSON.stringify(matcher.slice(0, 50))}, only glob and pcre`);
}

/** As Python's `fnmatch`: `*`, `?`, `[abc]`, `[!a-z]`; the whole text has to fit. @throws {PatternRefused} */
export function globMatcher(pattern: string): Matcher {
  return bounded(pattern, true, readGlob);
}

/**
 * As Python's `re.match`: the pattern has to fit from the first character on, and may leave something over at the end.
 * Back references, looking around, flags and possessive repetition are refused: they cannot be had in bounded time.
 *
 * @throws {PatternRefused}
 */
export function pcreMatcher(pattern: string): Matcher {
  return bounded(pattern, false, readRegexp);
}

function bounded(pattern: string, whole: boolean, read: (pattern: string) => PatternPart): Matcher {
  if (pattern.length > longestPattern) {
    throw new PatternRefused(`a pattern of ${pattern.length} characters, at most ${longestPattern} are read`);
  }
  const fits = patternMatcher(readOrRefuse(pattern, read), whole, mostStates);
  if (!fits) throw new PatternRefused("the pattern repeats too much");
  return (text) => text.length <= longestText && fits(text);
}

function readOrRefuse(pattern: string, read: (pattern: string) => PatternPart): PatternPart {
  try {
    return read(pattern);
  } catch (error) {
    if (error instanceof UnreadableRegexp) throw new PatternRefused(`the pattern is refused: ${error.message}`);
    throw error;
  }
}

function readGlob(pattern: string): PatternPart {
  const characters = [...pattern];
  const of: PatternPart[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    const close = character === "[" ? endOfClass(characters, at) : -1;
    if (close !== -1) {
      of.push(readClass(characters.slice(at + 1, close)));
      at = close;
    } else if (character === "*") {
      of.push({ kind: "repeat", what: anything, least: 0, most: Number.POSITIVE_INFINITY });
    } else of.push(character === "?" ? anything : { kind: "one", fits: (given) => given === character });
  }
  return { kind: "all", of };
}

const anything: PatternPart = { kind: "one", fits: () => true };

/** A bracket that stands first belongs to the class; without an end it is no class, but a bracket. */
function endOfClass(characters: readonly string[], open: number): number {
  const first = characters[open + 1] === "!" ? open + 2 : open + 1;
  return characters.indexOf("]", first + 1);
}

function readClass(members: readonly string[]): PatternPart {
  const negative = members[0] === "!";
  const ranges: [from: number, to: number][] = [];
  for (let at = negative ? 1 : 0; at < members.length; at++) {
    const isRange = members[at + 1] === "-" && at + 2 < members.length;
    ranges.push([code(members[at]!), code(members[isRange ? at + 2 : at]!)]);
    if (isRange) at += 2;
  }
  return {
    kind: "one",
    fits: (given) => ranges.some(([from, to]) => from <= code(given) && code(given) <= to) !== negative,
  };
}

function code(character: string): number {
  return character.codePointAt(0)!;
}
