/** Replaces the password in every URL of a text: `redis://user:***@host`. */
export function maskUrlPasswords(text: string): string {
  return text.includes("://") ? text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/]*@/gi, "$1:***@") : text;
}

/** How a value is named in a message: in a form that shows its type. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (value === "") return "an empty text";
  if (typeof value === "string") return `the text ${JSON.stringify(maskUrlPasswords(shorten(value)))}`;
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (value instanceof Date) return "a date";
  if (Array.isArray(value)) return `the list ${maskUrlPasswords(shorten(JSON.stringify(value)))}`;
  return "a table";
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
