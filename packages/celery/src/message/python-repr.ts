/**
 * What Celery puts into `argsrepr`, `kwargsrepr` and events: Python's repr, cut short after `maxLength` characters and
 * below three levels, as celery.utils.saferepr cuts it.
 */
export function pythonRepr(value: unknown, maxLength = 1024): string {
  const page = startPage(maxLength);
  writeValue(page, value, 0);
  return page.text();
}

/** Positional arguments are a tuple in Python: `(1,)`, `('a', None)`. */
export function argsRepr(args: readonly unknown[], maxLength = 1024): string {
  const page = startPage(maxLength);
  writeSequence(page, args, "(", args.length === 1 ? ",)" : ")", 0);
  return page.text();
}

const maxLevels = 3;

function writeValue(page: Page, value: unknown, level: number): void {
  if (typeof value === "string") page.putQuoted(value);
  else if (Array.isArray(value)) writeSequence(page, value, "[", "]", level);
  else if (typeof value === "object" && value !== null) writeMapping(page, value as Record<string, unknown>, level);
  else page.put(scalar(value));
}

function writeSequence(page: Page, values: readonly unknown[], open: string, close: string, level: number): void {
  if (level >= maxLevels) page.put(`${open}...${close}`);
  else
    page.enclose(open, close, () => {
      for (const [index, value] of values.entries()) {
        if (index > 0) page.put(", ");
        if (page.isFull()) return;
        writeValue(page, value, level + 1);
      }
    });
}

function writeMapping(page: Page, object: Record<string, unknown>, level: number): void {
  if (level >= maxLevels) page.put("{...}");
  else
    page.enclose("{", "}", () => {
      for (const [index, [key, value]] of Object.entries(object).entries()) {
        if (index > 0) page.put(", ");
        if (page.isFull()) return;
        page.putQuoted(key);
        page.put(": ");
        writeValue(page, value, level + 1);
      }
    });
}

function scalar(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return float(value);
  return String(value);
}

/** Python writes an exponent of at least two digits, and uses one from 1e16 upwards and below 1e-4. */
function float(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  // JSON of a whole number has no point: Python reads an int, up to where we write an exponent ourselves.
  const plain = (Number.isInteger(value) && size < 1e21) || (size >= 1e-4 && size < 1e16);
  const text = plain ? String(value) : value.toExponential();
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

interface Page {
  put(text: string): void;
  putQuoted(text: string): void;
  /** Brackets that were opened are closed, whether there is room or not. */
  enclose(open: string, close: string, content: () => void): void;
  isFull(): boolean;
  text(): string;
}

function startPage(maxLength: number): Page {
  let out = "";
  let full = false;
  const left = () => maxLength - out.length;

  function put(text: string): void {
    if (full) return;
    full = left() <= 0;
    out += full ? ", ..." : text;
  }

  return {
    put,
    putQuoted(text) {
      if (!full) put(`'${truncate(text, left()).replaceAll("'", "\\'")}'`);
    },
    enclose(open, close, content) {
      put(open);
      if (full) return;
      content();
      out += close;
    },
    isFull: () => full,
    text: () => out,
  };
}

/** celery.utils.text.truncate: at a word's end, if there is one. */
function truncate(text: string, maxLength: number): string {
  if (maxLength <= 0 || text.length < maxLength) return text;
  const start = text.slice(0, maxLength);
  const lastSpace = start.lastIndexOf(" ");
  return `${lastSpace === -1 ? start : start.slice(0, lastSpace)}...`;
}
