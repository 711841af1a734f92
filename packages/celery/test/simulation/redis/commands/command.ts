import type { Keyspace } from "../keyspace.ts";
import { Failure, notInteger, type Reply, syntaxError } from "../reply.ts";

/** @throws {Failure} an error reply */
export type Command = (space: Keyspace, args: string[]) => Reply;
export type Commands = Record<string, Command>;

export function integer(text: string | undefined): number {
  if (text === undefined || !/^-?\d{1,18}$/.test(text)) throw notInteger();
  return Number(text);
}

/** A number of a sorted set, as `strtod` reads it. */
export function double(text: string | undefined, message = "ERR value is not a valid float"): number {
  const infinite = /^([-+]?)inf(?:inity)?$/i.exec(text ?? "");
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (text === undefined || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) throw new Failure(message);
  return Number(text);
}

/** Members from `first` to `last`, both included; negative ones count from the end. */
export function slice<T>(members: readonly T[], first: number, last: number): T[] {
  const from = first < 0 ? Math.max(0, members.length + first) : first;
  const to = last < 0 ? members.length + last : last;
  return members.slice(from, to + 1);
}

/** The order in which Redis compares texts: byte by byte. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `LIMIT offset count`. */
export function limited<T>(members: T[], offset: number, count: number): T[] {
  if (offset < 0) return [];
  return count < 0 ? members.slice(offset) : members.slice(offset, offset + count);
}

/** Pairs of an argument list. */
export function pairs(args: readonly string[]): [string, string][] {
  if (args.length % 2 !== 0) throw syntaxError();
  return Array.from({ length: args.length / 2 }, (_, i) => [args[2 * i]!, args[2 * i + 1]!]);
}
