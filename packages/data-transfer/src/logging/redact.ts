import { maskUrlPasswords } from "../settings/mask.ts";
import { Secret } from "../settings/secret.ts";

const mask = "***";
/** Anything shorter is in half the words there are, and no secret. */
const shortest = 4;

/** Every form of every known secret, longest first, so that a secret within a secret does not leave a rest. */
let needles: readonly string[] = [];

/** From now on the value appears in no log line and no error message, neither as it is nor as a part of a URL. */
export function registerSecret(secret: Secret | string): void {
  const value = typeof secret === "string" ? secret : secret.reveal();
  if (value.length < shortest) return;
  const forms = [value, encodeURIComponent(value), Buffer.from(value).toString("base64")];
  needles = [...new Set([...needles, ...forms])].sort((one, other) => other.length - one.length);
}

/** Registers every {@link Secret} found anywhere in a value: the settings, above all. */
export function registerSecretsIn(value: unknown): void {
  if (value instanceof Secret) registerSecret(value);
  else if (typeof value === "object" && value !== null)
    for (const entry of Object.values(value)) registerSecretsIn(entry);
}

/** The text without any registered secret, and without passwords in URLs. */
export function redact(text: string): string {
  let clean = text;
  for (const needle of needles) clean = clean.replaceAll(needle, mask);
  return maskUrlPasswords(clean);
}

/**
 * A JSON document without any registered secret in its texts. It is looked into text by text, because a replacement in
 * the document itself could tear a number apart.
 */
export function redactJson(line: string): string {
  if (!mayHoldSecret(line)) return line;
  return JSON.stringify(redactValue(JSON.parse(line)));
}

/** The same value with every text in it redacted. */
export function redactValue(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactValue(entry)]));
}

function mayHoldSecret(line: string): boolean {
  if (line.includes("://") && line.includes("@")) return true;
  return needles.some((needle) => line.includes(needle) || line.includes(JSON.stringify(needle).slice(1, -1)));
}
