import { isRecord } from "../../message/inert-json.ts";

const stars = "********";

/** Settings whose values nobody shall see, by their names (celery 5.6 `app/utils.py`, HIDDEN_SETTINGS). */
const hidden = /API|TOKEN|KEY|SECRET|PASS|PROFANITIES_LIST|SIGNATURE|DATABASE|BEAT_DBURI/i;

/** Settings fit to be shown: secrets are stars, also in URLs, and what is no data is left out. */
export function shownConfiguration(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("_") || typeof value === "function" || typeof value === "symbol") continue;
    shown[name] = hidden.test(name) ? stars : shownValue(value);
  }
  return shown;
}

function shownValue(value: unknown): unknown {
  if (typeof value === "string") return withoutPassword(value);
  if (Array.isArray(value)) return value.map(shownValue);
  return isRecord(value) && Object.getPrototypeOf(value) === Object.prototype ? shownConfiguration(value) : value;
}

/** Whatever stands between the user's name and the last `@` of an authority, in each URL of a list of them. */
function withoutPassword(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^/\s:@;]*:)[^/\s;]*@/gi, `$1${stars}@`);
}
