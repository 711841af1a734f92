import { chmod, lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { translateWriteError } from "./translate-write-error.ts";

/**
 * Removes a directory of ours with all that is in it. Links are removed, not followed; directories without permissions are
 * given them first. Nothing there is no error.
 *
 * @throws DestinationNotWritable, StorageFailed
 */
export async function removeTree(path: string): Promise<void> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) await removeDirectory(path);
    else await unlink(path);
  } catch (error) {
    if (!isGone(error)) throw translateWriteError(error, path, "remove");
  }
}

async function removeDirectory(path: string): Promise<void> {
  // Without this, an attempt that died before it set a directory's mode could leave something that is never removed.
  await chmod(path, 0o700);
  const entries = await readdir(path, { withFileTypes: true, encoding: "buffer" });
  for (let first = 0; first < entries.length; first += 64) {
    await Promise.all(
      entries
        .slice(first, first + 64)
        .filter((entry) => !entry.isDirectory())
        .map((entry) => remove(path, entry.name)),
    );
  }
  for (const entry of entries) if (entry.isDirectory()) await removeDirectory(join(path, entry.name.toString()));
  await rmdir(path);
}

async function remove(parent: string, name: Buffer): Promise<void> {
  try {
    await unlink(Buffer.concat([Buffer.from(`${parent}/`), name]));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
