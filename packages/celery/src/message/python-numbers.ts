import { malformed } from "./undecodable-message.ts";

/**
 * `JSON.parse` for the numbers that Python writes: `NaN`, `Infinity` and `-Infinity`, and integers of any size, which
 * become BigInt where a number cannot hold them.
 *
 * @throws {SyntaxError}
 * @throws {UndecodableMessage} `malformed` when an integer has more digits than Python itself would read
 */
export function parsePythonNumbers(text: string): unknown {
  return JSON.parse(/NaN|Infinity/.test(text) ? withNativeNumbers(text) : text, exactNumber);
}

/** Python's own limit (`sys.int_info.default_max_str_digits`), without which one number could keep us busy for minutes. */
export const longestInteger = 4300;

/** Both are read as Infinity. Nobody writes the second one. */
const [infinity, nan] = ["1e999", "1e999000999000999"];

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  if (source === nan) return Number.NaN;
  if (!/^-?\d+$/.test(source)) return value;
  if (source.length > longestInteger) throw malformed(`an integer has more than ${longestInteger} digits`);
  return BigInt(source);
}

/** Outside of strings, which are found by their quotes: the rest may be as long as it likes. */
function withNativeNumbers(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const open = quote === -1 ? text.length : quote;
    out += text.slice(at, open).replace(/(?<!-)\bNaN\b|\bInfinity\b/g, (name) => (name === "NaN" ? nan : infinity));
    at = endOfString(text, open);
    out += text.slice(open, at);
  }
  return out;
}

function endOfString(text: string, open: number): number {
  let close = open;
  do close = text.indexOf('"', close + 1);
  while (close !== -1 && isEscaped(text, close));
  return close === -1 ? text.length : close + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}
