import { deepestWritten, isInteger, plainData, tooDeep } from "./plain-data.ts";
import { writeTyped } from "./typed-json.ts";

export interface WriteJsonOptions {
  /**
   * For peers with kombu before 5.3, which know no typed values: dates, decimals, uuids and bytes go as plain texts, and
   * come back as such.
   */
  plainValues?: boolean;
}

/**
 * Writes JSON as Python reads it, the opposite of {@link parseInertJson}: BigInt as digits, NaN and Infinity by Python's
 * names, dates, bytes and the `Python...` values as kombu >= 5.3 types them. What is undefined, or a function, is left out
 * as by `JSON.stringify`.
 *
 * @throws {UnencodableValue} for what has no form in JSON (Map, Set), and for what contains itself
 */
export function writeJson(value: unknown, { plainValues = false }: WriteJsonOptions = {}): string {
  if (isNative(value, 0)) return JSON.stringify(value) ?? "null";
  return write(plainData(value, (object) => writeTyped(object, plainValues)) ?? null);
}

/** Whether `JSON.stringify` by itself writes what Python reads as the same. */
function isNative(value: unknown, depth: number): boolean {
  if (typeof value === "number") return isInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
  if (typeof value === "bigint" || typeof value === "function") return false;
  if (typeof value !== "object" || value === null) return true;
  if (depth > deepestWritten) throw tooDeep();
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isNative(value[i], depth + 1)) return false;
    return true;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return false;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member !== "string" && !isNative(member, depth + 1)) return false;
  }
  return true;
}

function write(value: unknown): string {
  if (typeof value === "number") return isInteger(value) ? String(value) : writeFloat(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`);
  return `{${members.join()}}`;
}

/** With a point or an exponent, lest Python take it for an integer: beyond 2^53 that would be another one than was meant. */
function writeFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
