import { UndecodableMessage } from "./undecodable-message.ts";

/** Bounds on one message. Sizes count UTF-16 units of the JSON text, which is what it costs us in memory. */
export interface MessageLimits {
  /** Longest message, and longest decoded body (default 16 Mi). */
  maxLength: number;
  /** Deepest nesting of arrays and objects (default 100). */
  maxDepth: number;
}

export const defaultLimits: MessageLimits = { maxLength: 16 << 20, maxDepth: 100 };

/**
 * Parses JSON from strangers. Objects come without a prototype, so that keys like `__proto__` and `constructor` are
 * plain data wherever the value is copied to later. Integers beyond 2^53 become BigInt and lose no digit.
 *
 * @throws {UndecodableMessage} `too-large`, `too-deep`, or `malformed` (Python's NaN and Infinity are no JSON either)
 */
export function parseInertJson(text: string, limits: MessageLimits = defaultLimits): unknown {
  if (text.length > limits.maxLength) {
    throw new UndecodableMessage("too-large", `${text.length} characters, at most ${limits.maxLength} are read`);
  }
  // Measured before parsing: the revivers below recurse, and a deep text would overflow the stack.
  if (isDeeperThan(text, limits.maxDepth)) {
    throw new UndecodableMessage("too-deep", `nested deeper than ${limits.maxDepth} levels`);
  }
  try {
    return inert(hasBigNumber.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text));
  } catch (cause) {
    // The parser's own words quote the message, which may hold what does not belong into a log.
    throw new UndecodableMessage("malformed", "the text is not JSON", { cause: new Error((cause as Error).name) });
  }
}

/** Writes JSON; the opposite of {@link parseInertJson} also for BigInt. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_key, member) => (typeof member === "bigint" ? rawJson(String(member)) : member));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const hasBigNumber = /\d{16}/;

function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context?.source && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

/** In the language (and in Node 24), but not yet in TypeScript's library. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

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

function inert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inert);
  if (typeof value !== "object" || value === null) return value;
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value)) plain[key] = inert(member);
  return plain;
}
