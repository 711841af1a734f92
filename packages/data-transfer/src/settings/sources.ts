import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, TomlError } from "smol-toml";
import { type Collected, collect, findSetting, isTable } from "./assignment.ts";
import { describeValue } from "./mask.ts";
import { parseFileValue, parseTable, parseVariable } from "./parse-value.ts";

export type Environment = Record<string, string | undefined>;

export const prefix = "CCAT_DATA_TRANSFER_";
/** Names the folder of the settings files; the one variable with our prefix that is no setting. */
export const folderVariable = `${prefix}SETTINGS_DIR`;
const environmentVariable = "ENV_FOR_DYNACONF";
const shipped = fileURLToPath(new URL("../../settings.toml", import.meta.url));
const fileNames = ["settings.toml", "settings.local.toml", ".secrets.toml"];

/**
 * Collects from the shipped file and the three of the user's folder: of each the section `[default]`, then that of the
 * environment in force.
 *
 * @returns the environment's name
 */
export function collectFiles(into: Collected, env: Environment, cwd: string): string {
  const environment = (env[environmentVariable] || "localdev").toLowerCase();
  const folder = userFolder(into, env, cwd);
  const sections = new Set<string>();
  for (const path of [shipped, ...fileNames.map((name) => join(folder, name)).filter((path) => !isShipped(path))]) {
    const file = readToml(into, path);
    if (!file) continue;
    for (const [name, section] of Object.entries(file)) {
      if (!isTable(section)) into.warnings.push(`${path}: ${name} stands outside every section and is not read`);
      else sections.add(name.toLowerCase());
    }
    for (const wanted of ["default", environment]) {
      for (const [name, section] of Object.entries(file)) {
        if (name.toLowerCase() !== wanted || !isTable(section)) continue;
        for (const [key, value] of Object.entries(section)) {
          collect(into, [key.toLowerCase()], value, `${path} [${name}]`, (raw, setting) =>
            parseFileValue(raw, setting.kind),
          );
        }
      }
    }
  }
  if (!sections.has(environment)) {
    const known = [...sections].filter((name) => name !== "default").join(", ");
    const expected = `an environment that a settings file has a section for (${known})`;
    into.problems.push({
      where: variable(environmentVariable),
      key: undefined,
      found: describeValue(environment),
      expected,
    });
  }
  return environment;
}

/** Collects from `CCAT_DATA_TRANSFER_*`, and takes every variable that holds a secret out of `env`. */
export function collectVariables(into: Collected, env: Environment): void {
  for (const name of Object.keys(env).sort()) {
    const text = env[name];
    if (!name.startsWith(prefix) || name === folderVariable || text === undefined) continue;
    const path = name.slice(prefix.length).toLowerCase().split("__");
    const found = findSetting(path);
    // A whole table may hold secrets, readable or not.
    if (found.kind === "table") delete env[name];
    const value = found.kind === "table" ? readTable(text) : text;
    collect(into, path, value, variable(name), (raw, setting, fromFile) => {
      if (setting.kind === "secret" && !fromFile) delete env[name];
      if (raw === "" && !setting.required && setting.fallback === undefined) return undefined;
      return typeof raw === "string" ? parseVariable(raw, setting.kind) : raw;
    });
  }
}

export function variable(name: string): string {
  return `environment variable ${name}`;
}

/** The variable that sets a key. */
export function variableOf(key: string): string {
  return prefix + key.toUpperCase().replaceAll(".", "__");
}

function readTable(text: string): unknown {
  try {
    return parseTable(text);
  } catch {
    return text;
  }
}

function userFolder(into: Collected, env: Environment, cwd: string): string {
  const named = env[folderVariable];
  if (!named) return cwd;
  const folder = resolve(cwd, named);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const where = variable(folderVariable);
    into.problems.push({ where, key: undefined, found: describeValue(named), expected: "an existing folder" });
  }
  return folder;
}

function isShipped(path: string): boolean {
  try {
    return realpathSync(path) === realpathSync(shipped);
  } catch {
    return false;
  }
}

function readToml(into: Collected, path: string): Record<string, unknown> | undefined {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    // Only place and reason: the library's message quotes the line, which may hold a secret.
    const found =
      error instanceof TomlError
        ? `a mistake in line ${error.line}, column ${error.column} (${firstLine(error)})`
        : `a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`;
    into.problems.push({ where: path, key: undefined, found, expected: "a TOML file" });
    return undefined;
  }
}

function firstLine(error: Error): string {
  return error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
}
