import { isRecord } from "../../message/inert-json.ts";
import { valueError } from "./reply.ts";

/**
 * The arguments of a request, from whoever may publish. What is null counts as not given; every method throws, for the
 * one who asked to read, when an argument is missing or of another type.
 */
export interface ControlArguments {
  has(name: string): boolean;
  text(name: string): string;
  optionalText(name: string): string | undefined;
  /** A list of texts, or a single one. */
  texts(name: string): string[];
  flag(name: string): boolean;
  /** A number of at least 0, undefined when not given. */
  number(name: string): number | undefined;
  value(name: string): unknown;
}

export function controlArguments(method: string, given: Readonly<Record<string, unknown>>): ControlArguments {
  const value = (name: string) => given[name] ?? undefined;

  function required<T>(name: string, read: T | undefined): T {
    if (read !== undefined) return read;
    throw new TypeError(`${method}() missing 1 required positional argument: '${name}'`);
  }

  function optionalText(name: string): string | undefined {
    const text = value(name);
    if (text === undefined || typeof text === "string") return text;
    if (typeof text === "number") return String(text);
    throw valueError(`${name} is not a text`);
  }

  return {
    has: (name) => value(name) !== undefined,
    text: (name) => required(name, optionalText(name)),
    optionalText,
    texts(name) {
      const list = [required(name, value(name))].flat();
      if (!list.every((item) => typeof item === "string")) throw valueError(`${name} is not a list of texts`);
      return [...new Set(list)];
    },
    // Flower sends 1.
    flag: (name) => Boolean(value(name)),
    number(name) {
      const number = value(name);
      if (number === undefined) return undefined;
      if (typeof number === "number" && number >= 0) return number;
      throw valueError(`${name} is not a number of at least 0`);
    },
    value,
  };
}

/** A text, or a list of them, by name. */
export function textsByName(value: unknown): Record<string, string[]> {
  const pairs = Array.isArray(value) ? value.map(pair) : isRecord(value) ? Object.entries(value) : [];
  if (pairs.length === 0) throw valueError("headers are not an object, nor a list of name=value");
  const texts: Record<string, string[]> = Object.create(null);
  for (const [name, given] of pairs) texts[name] = [given].flat().map(String);
  return texts;
}

function pair(text: unknown): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(String(text)) ?? [];
  if (name === undefined || value === undefined) throw valueError("a header is not name=value");
  return [name, value];
}
