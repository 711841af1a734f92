import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What lies below a folder, as indented lines; of each folder the first few entries, and how many more there are. */
export async function drawTree(folder: string, entriesShown: number, indent = ""): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines: string[] = [];
  for (const entry of entries.slice(0, entriesShown)) {
    lines.push(indent + (await describe(folder, entry)));
    if (entry.isDirectory()) lines.push(...(await drawTree(join(folder, entry.name), entriesShown, `${indent}  `)));
  }
  const more = entries.length - entriesShown;
  if (more > 0) lines.push(`${indent}... and ${more} more`);
  return lines;
}

async function describe(folder: string, entry: Dirent): Promise<string> {
  if (entry.isDirectory()) return `${entry.name}/`;
  return `${entry.name}  ${(await stat(join(folder, entry.name))).size} bytes`;
}
