import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the whole project. */
export const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** A file of the project: its path from the root, and its text. */
export interface ProjectFile {
  path: string;
  text: string;
}

export function read(path: string): ProjectFile {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

/** All files that a pattern finds, by their paths. */
export function readAll(pattern: string): ProjectFile[] {
  return globSync(pattern, { cwd: root }).sort().map(read);
}

/** What people read: the documents of docs/ and the READMEs. */
export function documents(): ProjectFile[] {
  return [...readAll("*.md"), ...readAll("docs/**/*.md"), ...readAll("packages/*/README.md")];
}
