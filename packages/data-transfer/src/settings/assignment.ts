import type { SettingsProblem } from "../errors/settings.ts";
import { general, namedTables, tables } from "./definition.ts";
import type { Setting } from "./kinds.ts";
import { describeValue } from "./mask.ts";

/** A value that one source gives to one key; later ones win. */
export interface Assignment {
  /** `redis.host`, `s3.cologne_lta.access_key` */
  key: string;
  setting: Setting<unknown>;
  value: unknown;
  /** `value` is the name of a file that holds the secret. */
  fromFile: boolean;
  /** As the user is told: `/etc/cdt/settings.toml [production]`. */
  where: string;
}

/** What was read from one source after another. */
export interface Collected {
  assignments: Assignment[];
  problems: SettingsProblem[];
  warnings: string[];
}

/** A key that was looked up: a setting, a table of several, or why it is neither. */
export type Found =
  | { kind: "setting"; key: string; setting: Setting<unknown>; fromFile: boolean }
  | { kind: "table" }
  | { kind: "unknown"; ours: boolean; known: readonly string[] };

/** Looks a path up among the settings. `password_file` is found as `password`, to be read from a file. */
export function findSetting(path: readonly string[]): Found {
  const [head = "", ...rest] = path;
  if (own(tables, head)) return rest.length === 0 ? { kind: "table" } : within(tables[head]!, path, rest);
  if (own(namedTables, head))
    return rest.length < 2 ? { kind: "table" } : within(namedTables[head]!, path, rest.slice(1));
  const found = within(general, path, path);
  return found.kind === "unknown" ? { ...found, ours: false } : found;
}

/**
 * Adds what a source says below `path`, going down into tables.
 *
 * @param value  parsed; of a leaf, handed to `read` with its setting
 */
export function collect(
  into: Collected,
  path: readonly string[],
  value: unknown,
  where: string,
  read: (value: unknown, setting: Setting<unknown>, fromFile: boolean) => unknown,
): void {
  // Dynaconf needs this key to merge tables; we always merge them.
  if (path.at(-1) === "dynaconf_merge") return;
  const key = path.join(".");
  const found = findSetting(path);
  if (found.kind === "table") {
    if (!isTable(value)) {
      // A text that should have been a table may hold a secret.
      const shown = typeof value === "string" ? "a text" : describeValue(value);
      into.problems.push({ where, key, found: shown, expected: "a table" });
      return;
    }
    for (const [name, entry] of Object.entries(value)) collect(into, [...path, name.toLowerCase()], entry, where, read);
  } else if (found.kind === "unknown") {
    reportUnknown(into, found, key, where);
  } else {
    const secret = found.setting.kind === "secret";
    try {
      into.assignments.push({ ...found, value: read(value, found.setting, found.fromFile), where });
    } catch (error) {
      const shown = secret && !found.fromFile ? "***" : describeValue(value);
      into.problems.push({ where, key, found: shown, expected: (error as Error).message });
    }
  }
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function within(
  table: Readonly<Record<string, Setting<unknown>>>,
  path: readonly string[],
  rest: readonly string[],
): Found {
  const [name = ""] = rest;
  if (rest.length === 1) {
    if (own(table, name)) return { kind: "setting", key: path.join("."), setting: table[name]!, fromFile: false };
    const base = name.replace(/_file$/, "");
    if (base !== name && own(table, base) && table[base]!.kind === "secret")
      return { kind: "setting", key: path.join(".").replace(/_file$/, ""), setting: table[base]!, fromFile: true };
  }
  return { kind: "unknown", ours: true, known: Object.keys(table) };
}

function reportUnknown(into: Collected, found: Found & { kind: "unknown" }, key: string, where: string): void {
  if (found.ours) {
    into.problems.push({ where, key, found: "an unknown key", expected: `one of ${found.known.join(", ")}` });
  } else {
    into.warnings.push(`${where}: nothing reads the setting ${key}`);
  }
}

function own(object: object, key: string): key is never {
  return Object.hasOwn(object, key);
}
