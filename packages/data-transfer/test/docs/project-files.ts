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

/** What people read: READMEs, changelogs and all documents, those of the packages too. */
export function documents(): ProjectFile[] {
  return ["*.md", "docs/**/*.md", "packages/*/*.md", "packages/*/docs/**/*.md", "system-integration/**/*.md"].flatMap(
    readAll,
  );
}
