import { join, resolve } from "node:path";
import type { Assignment } from "./assignment.ts";
import { tables } from "./definition.ts";

/** In the demo everything lies below one folder: what is not set otherwise follows from `demo.directory`. */
export function addDemoPaths(given: Map<string, Assignment>, cwd: string): void {
  const directory = resolve(cwd, String(given.get("demo.directory")?.value ?? tables.demo.directory.fallback));
  const paths = [
    { key: "demo.directory", setting: tables.demo.directory, value: directory },
    { key: "staging.root", setting: tables.staging.root, value: join(directory, "processing") },
    { key: "storage.allowed_roots", setting: tables.storage.allowed_roots, value: [join(directory, "archive")] },
  ];
  for (const path of paths) {
    if (path.value === directory || !given.has(path.key)) {
      given.set(path.key, { ...path, where: "below demo.directory", fromFile: false });
    }
  }
}
