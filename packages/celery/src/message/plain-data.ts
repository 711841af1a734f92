import { UnencodableValue } from "./unencodable-value.ts";

/** Deeper than any reader goes, Python's included; what contains itself goes on for ever. */
export const deepestWritten = 500;

/**
 * What all serializers can write of a value: null, booleans, numbers, BigInt, texts, lists and objects, besides what
 * `convert` answers for the others. As with `JSON.stringify`, what is undefined or a function is left out, and `toJSON`
 * is heeded.
 *
 * @param convert  asked for every object; undefined for those that are to be written member by member
 * @throws {UnencodableValue}
 */
export function plainData(value: unknown, convert: (value: object) => unknown, depth = 0): unknown {
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (depth > deepestWritten) throw tooDeep();
  const converted = convert(value);
  if (converted !== undefined) return converted;
  if (Array.isArray(value)) return value.map((member) => plainData(member, convert, depth + 1) ?? null);
  if ("toJSON" in value && typeof value.toJSON === "function") return plainData(value.toJSON(), convert, depth + 1);
  if (value instanceof Map || value instanceof Set || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    throw new UnencodableValue(`a ${value.constructor.name} cannot be sent: no peer would read it as one`);
  }
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value)) {
    const plain = plainData(member, convert, depth + 1);
    if (plain !== undefined) object[key] = plain;
  }
  return object;
}

export function tooDeep(): UnencodableValue {
  return new UnencodableValue(`nested deeper than ${deepestWritten} levels, or contains itself`);
}

/** Beyond 2^53 only floats are numbers here: integers are BigInt. -0 is a float, too. */
export function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}
