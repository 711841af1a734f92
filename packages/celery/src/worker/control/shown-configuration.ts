import type { BrokerDescription } from "../../broker/broker.ts";
import { isRecord } from "../../message/inert-json.ts";
import type { WorkerInside } from "../inside.ts";

const stars = "********";

/** Settings whose values nobody shall see, by their names (celery 5.6 `app/utils.py`, HIDDEN_SETTINGS). */
const hidden = /API|TOKEN|KEY|SECRET|PASS|PROFANITIES_LIST|SIGNATURE|DATABASE|BEAT_DBURI/i;

/** A worker's settings as they may be shown, under Celery's names. */
export function shownConfiguration(inside: Pick<WorkerInside, "configuration" | "broker">): Record<string, unknown> {
  return shownSettings({ broker_url: brokerUrl(inside.broker()), ...inside.configuration() });
}

function brokerUrl({ transport, ssl, userid, hostname, port, virtualHost }: BrokerDescription): string {
  const scheme = ssl ? `${transport}s` : transport;
  const user = userid === null ? "" : `${encodeURIComponent(userid)}:${stars}@`;
  return `${scheme}://${user}${hostname}${port === null ? "" : `:${port}`}/${virtualHost}`;
}

/** Secrets are stars, also in URLs, and what is no data is left out. */
function shownSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
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
  return isRecord(value) && Object.getPrototypeOf(value) === Object.prototype ? shownSettings(value) : value;
}

/** Whatever stands between the user's name and the last `@` of an authority, in each URL of a list of them. */
function withoutPassword(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^/\s:@;]*:)[^/\s;]*@/gi, `$1${stars}@`);
}
