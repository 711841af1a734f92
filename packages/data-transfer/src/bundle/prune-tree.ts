import { opendir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../errors/errno.ts";
import type { NameTable } from "./name-table.ts";
import { removeTree } from "./remove-tree.ts";
import { translateWriteError } from "./translate-write-error.ts";

/**
 * Removes from a private tree whatever is not one of these files, and every folder that is empty then. Follows no link.
 *
 * @throws DestinationNotWritable, StorageFailed
 */
export async function pruneTree(tree: string, files: NameTable): Promise<void> {
  await pruneDirectory("");

  async function pruneDirectory(below: string): Promise<void> {
    const directory = join(tree, below);
    try {
      for await (const entry of await opendir(directory, { bufferSize: 256 })) {
        const path = below === "" ? entry.name : `${below}/${entry.name}`;
        if (entry.isDirectory()) await pruneDirectory(path);
        else if (!entry.isFile() || files.find(path) === -1 || !files.sameSpelling) await removeTree(join(tree, path));
      }
      if (below !== "") await rmdir(directory);
    } catch (error) {
      if (errnoOf(error) !== "ENOTEMPTY") throw translateWriteError(error, directory, "remove");
    }
  }
}
