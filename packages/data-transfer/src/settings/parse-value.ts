import { parse } from "smol-toml";
import type { Setting } from "./kinds.ts";

/** A value that cannot be read; the loader turns it into a problem. */
export class Unreadable extends Error {}

const asWritten: ReadonlySet<Setting<unknown>["kind"]> = new Set(["text", "secret", "choice", "mode"]);

/** What Dynaconf's `@bool` takes for true. */
const truths: ReadonlySet<string> = new Set(["t", "true", "enabled", "1", "on", "yes"]);

/**
 * Reads the text of an environment variable as Dynaconf does: a tag (`@none`, `@str`, `@int`, `@float`, `@bool`, `@json`)
 * decides; otherwise it is TOML; what is no TOML is text. A setting that is itself a text takes the text as it stands.
 *
 * @returns the value, undefined for `@none`
 * @throws Unreadable
 */
export function parseVariable(text: string, kind: Setting<unknown>["kind"]): unknown {
  if (asWritten.has(kind)) return textual(text);
  const tagged = parseTagged(text);
  return tagged ? tagged.value : parseToml(text);
}

/**
 * Reads a value of a TOML file: only texts are looked at again, for a tag.
 *
 * @throws Unreadable
 */
export function parseFileValue(value: unknown, kind: Setting<unknown>["kind"]): unknown {
  if (typeof value !== "string") return value;
  if (asWritten.has(kind)) return textual(value);
  const tagged = parseTagged(value);
  return tagged ? tagged.value : value;
}

/** Reads a variable that stands for a whole table: `{ host = "redis", port = 6379 }`, or `@json {…}`. */
export function parseTable(text: string): unknown {
  const tagged = parseTagged(text);
  return tagged ? tagged.value : parseToml(text);
}

function textual(text: string): string | undefined {
  if (text.trim() === "@none") return undefined;
  return text.startsWith("@str ") ? text.slice("@str ".length) : text;
}

function parseTagged(text: string): { value: unknown } | undefined {
  const match = /^@([a-z_]+)(?:\s+([\s\S]*))?$/.exec(text.trim());
  if (!match) return undefined;
  const argument = match[2] ?? "";
  switch (match[1]) {
    case "none":
      return { value: undefined };
    case "str":
      return { value: argument };
    case "int":
      if (!/^[+-]?\d+$/.test(argument)) throw new Unreadable("a whole number after @int");
      return { value: Number(argument) };
    case "float":
      if (argument === "" || Number.isNaN(Number(argument))) throw new Unreadable("a number after @float");
      return { value: Number(argument) };
    case "bool":
      return { value: truths.has(argument.toLowerCase()) };
    case "json":
      return { value: parseJson(argument) };
    default:
      throw new Unreadable("one of the tags @none, @str, @int, @float, @bool, @json");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Unreadable("JSON after @json");
  }
}

function parseToml(text: string): unknown {
  const trimmed = text.trim();
  // Python prints its booleans so; Dynaconf takes them too.
  if (trimmed === "True" || trimmed === "False") return trimmed === "True";
  try {
    return parse(`value = ${trimmed}`).value;
  } catch {
    return text;
  }
}
