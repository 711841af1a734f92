import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SettingsInvalid, type SettingsProblem } from "../errors/settings.ts";
import { type Assignment, type Collected, collect, findSetting } from "./assignment.ts";
import { general, namedTables, type SettingTable, tables } from "./definition.ts";
import { addDemoPaths } from "./demo-paths.ts";
import type { Setting } from "./kinds.ts";
import { describeValue } from "./mask.ts";
import { parseVariable } from "./parse-value.ts";
import { crossChecks, remarks } from "./rules.ts";
import { Secret } from "./secret.ts";
import type { LoadedSettings, Origin, Settings } from "./settings.ts";
import { collectFiles, collectVariables, type Environment, variableOf } from "./sources.ts";

/** A setting given on the command line: it wins over everything. */
export interface Override {
  key: string;
  /** As the user typed it. */
  text: string;
  /** `--health-port` */
  option: string;
}

export interface LoadOptions {
  /** Read, and relieved of every variable that holds a secret. */
  env: Environment;
  cwd: string;
  overrides?: readonly Override[];
}

/**
 * Loads the settings as Dynaconf would: built-in values, the shipped `settings.toml`, then `settings.toml`,
 * `settings.local.toml` and `.secrets.toml` of the working directory (or of `CCAT_DATA_TRANSFER_SETTINGS_DIR`), of each
 * the section `[default]` and then that of `ENV_FOR_DYNACONF`, then variables `CCAT_DATA_TRANSFER_*`, then `overrides`.
 * Tables are merged, lists replaced.
 *
 * @throws SettingsInvalid with everything that is wrong
 */
export function loadSettings({ env, cwd, overrides = [] }: LoadOptions): LoadedSettings {
  const collected: Collected = { assignments: [], problems: [], warnings: [] };
  const environment = collectFiles(collected, env, cwd);
  collectVariables(collected, env);
  for (const { key, text, option } of overrides) {
    collect(collected, key.split("."), text, `command line ${option}`, (raw, setting) =>
      parseVariable(String(raw), setting.kind),
    );
  }
  const { problems, warnings } = collected;
  const given = lastOnes(collected.assignments, problems);
  if (environment === "demo") addDemoPaths(given, cwd);
  const origins: Origin[] = [];

  const readTable = (table: SettingTable, path: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(table).map(([name, setting]) => {
        const key = [...path, name].join(".");
        const { value, origin } = readSetting(setting, key, given.get(key), cwd, problems);
        const shown = value instanceof Secret ? "***" : value;
        origins.push({ key, kind: setting.kind, value: shown, origin, description: setting.description });
        return [camel(name), value];
      }),
    );

  const settings = { environment, ...readTable(general, []) } as Record<string, unknown>;
  for (const [name, table] of Object.entries(tables)) settings[camel(name)] = readTable(table, [name]);
  for (const [name, table] of Object.entries(namedTables)) {
    const names = new Set(
      [...given.keys()].filter((key) => key.startsWith(`${name}.`)).map((key) => key.split(".")[1]!),
    );
    settings[camel(name)] = Object.fromEntries([...names].sort().map((own) => [own, readTable(table, [name, own])]));
  }
  if (problems.length === 0) problems.push(...crossChecks(settings as Settings, (key) => originOf(origins, key)));
  if (problems.length > 0) throw new SettingsInvalid(problems);
  return { settings: settings as Settings, origins, warnings: [...warnings, ...remarks(settings as Settings)] };
}

/** The value that counts for each key. A secret given both as it is and by its file, in one place, is a contradiction. */
function lastOnes(assignments: readonly Assignment[], problems: SettingsProblem[]): Map<string, Assignment> {
  const last = new Map<string, Assignment>();
  for (const assignment of assignments) {
    const before = last.get(assignment.key);
    if (before && before.fromFile !== assignment.fromFile && samePlace(before.where, assignment.where)) {
      const expected = `either ${assignment.key} or ${assignment.key}_file`;
      problems.push({ where: assignment.where, key: assignment.key, found: "both the secret and its file", expected });
    }
    last.set(assignment.key, assignment);
  }
  return last;
}

function samePlace(one: string, other: string): boolean {
  const variable = /^environment variable /;
  return one === other || (variable.test(one) && variable.test(other));
}

function readSetting(
  setting: Setting<unknown>,
  key: string,
  given: Assignment | undefined,
  cwd: string,
  problems: SettingsProblem[],
): { value: unknown; origin: string } {
  if (!given) {
    if (setting.required) {
      const where = `a settings file or ${variableOf(key)}`;
      problems.push({ where, key, found: "nothing", expected: setting.expected });
      return { value: undefined, origin: "missing" };
    }
    return { value: setting.schema.parse(setting.fallback), origin: "built-in" };
  }
  let { value } = given;
  let origin = given.where;
  if (given.fromFile) {
    const path = resolve(cwd, String(value));
    origin = `file ${path} (${given.where})`;
    try {
      value = readFileSync(path, "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      const found = `the file ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`;
      problems.push({ where: given.where, key: `${key}_file`, found, expected: "a file that holds the secret" });
      return { value: undefined, origin };
    }
  }
  const parsed = setting.schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, origin };
  const masked = setting.kind === "secret" && typeof value === "string" && value !== "";
  problems.push({ where: given.where, key, found: masked ? "***" : describeValue(value), expected: setting.expected });
  return { value: undefined, origin };
}

function originOf(origins: readonly Origin[], key: string): string {
  const origin = origins.find((entry) => entry.key === key);
  return !origin || origin.origin === "built-in" ? `a settings file or ${variableOf(key)}` : origin.origin;
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether there is a setting of that name: for the check that every command line option points to one. */
export function isSetting(key: string): boolean {
  return findSetting(key.split(".")).kind === "setting";
}
