import { isUtf8 } from "node:buffer";
import { scalarRepr } from "./python-scalar-repr.ts";

/**
 * What Celery puts into `argsrepr`, `kwargsrepr` and events: celery.utils.saferepr's idea of Python's repr, cut short
 * after about `maxLength` characters and below three levels. Never longer, nor dearer, than that; what contains itself
 * does no harm.
 */
export function pythonRepr(value: unknown, maxLength = 1024): string {
  const page = new Page(maxLength);
  writeValue(page, value, 0);
  return page.text;
}

/** Positional arguments are a tuple in Python: `(1,)`, `('a', None)`. */
export function argsRepr(args: readonly unknown[], maxLength = 1024): string {
  const page = new Page(maxLength);
  writeSequence(page, args, "(", args.length === 1 ? ",)" : ")", 0);
  return page.text;
}

const maxLevels = 3;

function writeValue(page: Page, value: unknown, level: number): void {
  if (typeof value === "string") page.putQuoted(value);
  else if (Array.isArray(value)) writeSequence(page, value, "[", "]", level);
  else if (value instanceof Uint8Array) page.putBytes(value);
  else {
    const scalar = scalarRepr(value);
    if (scalar !== undefined) page.putCut(scalar);
    else writeMapping(page, value as Record<string, unknown>, level);
  }
}

function writeSequence(page: Page, values: readonly unknown[], open: string, close: string, level: number): void {
  if (level >= maxLevels) {
    page.putCut(`${open}...${close}`);
    return;
  }
  page.put(open);
  for (let i = 0; i < values.length && !page.full; i++) {
    if (i > 0) page.put(", ");
    if (!page.full) writeValue(page, values[i], level + 1);
  }
  page.close(close);
}

function writeMapping(page: Page, object: Record<string, unknown>, level: number): void {
  if (level >= maxLevels) {
    page.putCut("{...}");
    return;
  }
  page.put("{");
  let first = true;
  for (const key in object) {
    if (page.full) break;
    if (!first) page.put(", ");
    first = false;
    if (!page.full) page.putQuoted(key);
    if (!page.full) page.put(": ");
    if (!page.full) writeValue(page, object[key], level + 1);
  }
  page.close("}");
}

/** Text up to a length. Once that is reached comes `, ...` and nothing more but the brackets that are still open. */
class Page {
  text = "";
  full = false;
  #left: number;

  constructor(maxLength: number) {
    this.#left = maxLength;
  }

  put(text: string): void {
    if (this.full) return;
    if (this.#left <= 0) {
      this.full = true;
      this.text += ", ...";
    } else {
      this.#left -= lengthOf(text);
      this.text += text;
    }
  }

  /** Cut to what is left. */
  putCut(text: string): void {
    this.put(truncate(text, this.#left));
  }

  putQuoted(text: string): void {
    this.put(`'${truncate(text, this.#left).replaceAll("'", "\\'")}'`);
  }

  /** As text if they are one, else in hexadecimal. */
  putBytes(bytes: Uint8Array): void {
    const cut = this.#left > 0 && bytes.length > this.#left;
    const shown = Buffer.from(cut ? bytes.subarray(0, this.#left) : bytes);
    this.put(`b'${shown.toString(isUtf8(shown) ? "utf8" : "hex")}${cut ? "..." : ""}'`);
  }

  close(bracket: string): void {
    if (this.full) this.text += bracket;
    else this.put(bracket);
  }
}

/** celery.utils.text.truncate: at a word's end, if there is one. */
function truncate(text: string, maxLength: number): string {
  if (maxLength <= 0 || text.length < maxLength) return text;
  const start = startOf(text, maxLength);
  if (start === undefined) return text;
  const lastSpace = start.lastIndexOf(" ");
  return `${lastSpace === -1 ? start : start.slice(0, lastSpace)}...`;
}

const surrogate = /[\ud800-\udfff]/;

/** In characters as Python counts them: a pair of surrogates is one. */
function lengthOf(text: string): number {
  return surrogate.test(text) ? [...text].length : text.length;
}

/** The first characters; undefined when there are fewer. */
function startOf(text: string, length: number): string | undefined {
  const start = text.slice(0, length * 2);
  if (!surrogate.test(start)) return start.slice(0, length);
  const characters = [...start];
  return characters.length < length ? undefined : characters.slice(0, length).join("");
}
