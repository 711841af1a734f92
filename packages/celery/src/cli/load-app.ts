import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { App } from "./app-definition.ts";
import type { LoadedApp } from "./command.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Imports an app's module: `app.ts`, `./src/celery.js`, or `app.ts:other` for another export than the default one.
 *
 * @throws {UsageError} when there is no such module, it does not run, or it exports no app
 */
export async function loadApp(named: string, cwd: string): Promise<Pick<LoadedApp, "app" | "module">> {
  const { path, exportName } = locate(named, cwd);
  const help = `export default defineApp({ broker: "redis://localhost", tasks: [] });   // in ${named}`;
  if (!existsSync(path)) throw new UsageError(`there is no app at ${path}`, "celery-node worker --app app.ts");
  const module = await importModule(path, named);
  const candidate = exportName === undefined ? (module.default ?? module.app) : module[exportName];
  if (!isApp(candidate)) {
    const where = exportName === undefined ? "its default export" : `its export ${exportName}`;
    throw new UsageError(`${path} is no app: ${where} was not made by defineApp()`, help);
  }
  return { app: candidate, module: { path, exportName } };
}

async function importModule(path: string, named: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const { message, stack } = cause instanceof Error ? cause : new Error(String(cause));
    const place = /\((?:file:\/\/)?(\/[^)]*:\d+:\d+)\)|at (?:file:\/\/)?(\/\S+:\d+:\d+)/.exec(stack ?? "");
    const at = place ? ` (${place[1] ?? place[2]})` : "";
    throw new UsageError(`the app ${path} does not run: ${message}${at}`, `node ${named}`, { cause });
  }
}

function locate(named: string, cwd: string): { path: string; exportName: string | undefined } {
  const whole = resolve(cwd, named);
  const colon = named.lastIndexOf(":");
  if (existsSync(whole) || colon <= 0) return { path: whole, exportName: undefined };
  return { path: resolve(cwd, named.slice(0, colon)), exportName: named.slice(colon + 1) };
}

/** Told by its shape: the app may have been made by another copy of this package. */
function isApp(value: unknown): value is App {
  const { tasks, settings, connect } = Object(value) as Partial<Record<keyof App, unknown>>;
  return Array.isArray(tasks) && typeof settings === "object" && typeof connect === "function";
}
