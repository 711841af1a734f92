/**
 * Python's own `repr()` of a str, which Celery uses where an exception is shown (`ValueError("it's")`): its choice of
 * quotes, and escapes for all that is not printable. In `argsrepr` and the like it stands differently: see pythonRepr.
 */
export function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const special = quote === '"' ? unprintable : unprintableOrQuote;
  return `${quote}${text.replace(special, (character) => escapes[character] ?? numbered(character))}${quote}`;
}

const unprintable = /[\\]|(?! )[\p{C}\p{Z}]/gu;
const unprintableOrQuote = /[\\']|(?! )[\p{C}\p{Z}]/gu;

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function numbered(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
