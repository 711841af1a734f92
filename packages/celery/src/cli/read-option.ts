import { parseInertJson } from "../message/inert-json.ts";
import { UsageError } from "./usage-error.ts";

/** Readers of options' texts; each throws a {@link UsageError} that names the option. */
export const readOption = {
  /** `a,b , c` */
  list(text: string): string[] {
    return text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  },
  whole: (from: number) => (text: string, option: string) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < from)
      throw new UsageError(`${option} takes a whole number from ${from} on, not ${JSON.stringify(text)}`);
    return value;
  },
  seconds(text: string, option: string): number {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < 0)
      throw new UsageError(`${option} takes a number of seconds, not ${JSON.stringify(text)}`);
    return value;
  },
  jsonArray(text: string, option: string): unknown[] {
    const value = readJson(text, option);
    if (!Array.isArray(value)) throw new UsageError(`${option} takes a JSON array such as '[2, 3]'`);
    return value;
  },
  jsonObject(text: string, option: string): Record<string, unknown> {
    const value = readJson(text, option);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new UsageError(`${option} takes a JSON object such as '{"depth": 3}'`);
    return value as Record<string, unknown>;
  },
  time(text: string, option: string): Date {
    const value = new Date(text);
    if (Number.isNaN(value.getTime()))
      throw new UsageError(`${option} takes a time such as 2027-01-31T12:00:00Z, not ${JSON.stringify(text)}`);
    return value;
  },
};

function readJson(text: string, option: string): unknown {
  try {
    // As messages are read: no digit of a large integer is lost.
    return parseInertJson(text);
  } catch (cause) {
    throw new UsageError(`${option} takes JSON, and this is none: ${(cause as Error).message}`, undefined, { cause });
  }
}
