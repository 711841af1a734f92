import { join, resolve } from "node:path";
import type { Assignment } from "./assignment.ts";
import { tables } from "./definition.ts";

/** In the demo everything lies below one folder: what is not set otherwise follows from `demo.directory`. */
export function addDemoPaths(given: Map<string, Assignment>, cwd: string): void {
  const named = given.get("demo.directory");
  // What is no path is refused later, as any value that does not fit.
  const setting = tables.demo.directory;
  const folder = named === undefined ? setting.fallback : named.value;
  if (typeof folder !== "string") return;
  const directory = resolve(cwd, folder);
  const base = { fromFile: false, where: "built-in, below the working directory" };
  given.set("demo.directory", { ...base, ...named, key: "demo.directory", setting, value: directory });
  for (const path of [
    { key: "staging.root", setting: tables.staging.root, value: join(directory, "processing") },
    { key: "storage.allowed_roots", setting: tables.storage.allowed_roots, value: [join(directory, "archive")] },
  ]) {
    if (!given.has(path.key)) given.set(path.key, { ...path, where: "below demo.directory", fromFile: false });
  }
}
