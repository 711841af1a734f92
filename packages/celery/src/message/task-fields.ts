import { readIsoTime } from "./iso-time.ts";
import { malformed } from "./undecodable-message.ts";

/** What headers (protocol 2) or body (protocol 1) say about a task. */
export type TaskFields = Record<string, unknown>;

/** @throws {UndecodableMessage} `malformed` */
export function requiredText(fields: TaskFields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "") throw malformed(`${name} is not a text`);
  return value;
}

/** @throws {UndecodableMessage} `malformed` */
export function optionalText(fields: TaskFields, name: string): string | undefined {
  const value = fields[name] ?? "";
  if (typeof value !== "string") throw malformed(`${name} is not a text`);
  return value === "" ? undefined : value;
}

/** For what is only shown: of another type, it is as if it were not there. */
export function shownText(fields: TaskFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** @throws {UndecodableMessage} `malformed` */
export function optionalList(fields: TaskFields, name: string): unknown[] | null {
  const value = fields[name] ?? null;
  if (value !== null && !Array.isArray(value)) throw malformed(`${name} is not a list`);
  return value;
}

/** @throws {UndecodableMessage} `malformed` */
export function optionalCount(fields: TaskFields, name: string): number | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed(`${name} is not a count`);
  return value as number;
}

/**
 * @param naive  what a time without an offset means
 * @throws {UndecodableMessage} `malformed`
 */
export function optionalTime(fields: TaskFields, name: string, naive: "utc" | "local"): Date | undefined {
  const value = fields[name] ?? null;
  if (value === null || value === "") return undefined;
  if (value instanceof Date) return new Date(value);
  const read = typeof value === "string" ? readIsoTime(value, naive) : undefined;
  if (!read) throw malformed(`${name} is not a time`);
  return read;
}

/** @throws {UndecodableMessage} `malformed` */
export function timeLimits(value: unknown): [hard: number | null, soft: number | null] {
  if (value === undefined || value === null) return [null, null];
  if (!Array.isArray(value) || value.length !== 2 || !value.every((limit) => limit === null || isSeconds(limit))) {
    throw malformed("timelimit is not a pair of seconds");
  }
  return [value[0], value[1]];
}

/** As kombu reads it (kombu 5.6 `transport/virtual/base.py`): 0 when it is no number, and never outside of 0 to 9. */
export function priorityOf(value: unknown): number {
  const priority = typeof value === "number" || typeof value === "string" ? Math.trunc(Number(value)) : 0;
  return Number.isNaN(priority) ? 0 : Math.max(0, Math.min(priority, 9));
}

/** The texts of a list; nothing of what is none. */
export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((member) => typeof member === "string") : [];
}

function isSeconds(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
