import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What lies below a folder, as indented lines with sizes in bytes; what does not fit is counted. */
export async function drawTree(folder: string, mostLines: number): Promise<string[]> {
  const lines: string[] = [];
  let hidden = 0;
  await draw(folder, "");
  if (hidden > 0) lines.push(`... and ${hidden} more`);
  return lines;

  async function draw(directory: string, indent: string): Promise<void> {
    const entries = (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(directory, entry.name);
      const size = entry.isDirectory() ? "" : `  ${(await stat(path)).size}`;
      if (lines.length < mostLines) lines.push(`${indent}${entry.name}${entry.isDirectory() ? "/" : size}`);
      else hidden += 1;
      if (entry.isDirectory()) await draw(path, `${indent}  `);
    }
  }
}
