import { defaultLimits, type MessageLimits } from "./limits.ts";
import { parsePythonNumbers } from "./python-numbers.ts";
import { readTyped } from "./typed-json.ts";
import { malformed, tooDeep, UndecodableMessage } from "./undecodable-message.ts";

export { defaultLimits, type MessageLimits } from "./limits.ts";
export { writeJson } from "./write-json.ts";

/**
 * Parses JSON from strangers, as Python writes it. Objects come without a prototype, so that keys like `__proto__` and
 * `constructor` are plain data wherever the value is copied to later. Integers beyond 2^53 become BigInt and lose no
 * digit; NaN and Infinity are read; kombu's typed values become what {@link readTyped} says.
 *
 * The usual text costs one native parse and one walk over what came out of it.
 *
 * @throws {UndecodableMessage} `too-large`, `too-deep`, `unknown-type` or `malformed`
 */
export function parseInertJson(text: string, limits: MessageLimits = defaultLimits): unknown {
  if (text.length > limits.maxLength) {
    throw new UndecodableMessage("too-large", `${text.length} characters, at most ${limits.maxLength} are read`);
  }
  // What is short cannot be deep enough to hurt before the walk below finds it.
  if (text.length > shortText && isDeeperThan(text, limits.maxDepth)) throw tooDeep(limits.maxDepth);
  const walk = { maxDepth: limits.maxDepth, inexact: false };
  const native = parse(text, JSON.parse);
  if (native !== notJson) {
    const value = makeInert(native, walk, 0);
    if (!walk.inexact) return value;
  }
  // Only now that there is no JSON, or a number that may have lost digits, the dearer way through Python's numbers.
  if (isDeeperThan(text, limits.maxDepth)) throw tooDeep(limits.maxDepth);
  const exact = parse(text, parsePythonNumbers);
  if (exact === notJson) throw malformed("the text is not JSON");
  return makeInert(exact, walk, 0);
}

/** Whether it is an object of names and values, and not a Date, bytes or the like. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const shortText = 65_536;

const notJson = Symbol("not JSON");

/** Without the parser's own words: they quote the message, which may hold what does not belong into a log. */
function parse(text: string, parser: (text: string) => unknown): unknown {
  try {
    return parser(text);
  } catch (error) {
    if (error instanceof UndecodableMessage) throw error;
    return notJson;
  }
}

interface Walk {
  maxDepth: number;
  /** Set when a number was met that may have lost digits. */
  inexact: boolean;
}

/** In place: what the parser made is ours, and objects keep the quick shape that it gave them. */
function makeInert(value: unknown, walk: Walk, depth: number): unknown {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) && (Number.isInteger(value) || !Number.isFinite(value))) walk.inexact = true;
    return value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= walk.maxDepth) throw tooDeep(walk.maxDepth);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const member = value[i];
      if (typeof member === "string") continue;
      const inert = makeInert(member, walk, depth + 1);
      if (inert !== member) value[i] = inert;
    }
    return value;
  }
  const object = Object.setPrototypeOf(value, null) as Record<string, unknown>;
  const keys = Object.keys(object);
  for (const key of keys) {
    const member = object[key];
    if (typeof member === "string") continue;
    const inert = makeInert(member, walk, depth + 1);
    if (inert !== member) object[key] = inert;
  }
  return keys.length === 2 && "__type__" in object && "__value__" in object
    ? readTyped(object.__type__, object.__value__)
    : object;
}

function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === backslash) i++;
      else if (unit === quote) inString = false;
    } else if (unit === quote) inString = true;
    else if (unit === openBrace || unit === openBracket) {
      if (++depth > limit) return true;
    } else if (unit === closeBrace || unit === closeBracket) depth--;
  }
  return false;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
