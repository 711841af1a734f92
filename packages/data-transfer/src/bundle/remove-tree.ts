import { chmod, lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { translateWriteError } from "./translate-write-error.ts";

/** Calls that may be on their way: they must leave threads of libuv's pool to others. */
const atOnce = 8;

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

/** Removes all that is in a directory of ours. @throws DestinationNotWritable, StorageFailed */
export async function emptyDirectory(path: string): Promise<void> {
  try {
    for (const name of await readdir(path)) await removeTree(join(path, name));
  } catch (error) {
    if (!isGone(error)) throw translateWriteError(error, path, "remove");
  }
}

/** Removes a directory if nothing is in it; otherwise, or where it is not there, nothing happens. */
export async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch(() => {});
}

async function removeDirectory(path: string): Promise<void> {
  // Without this, an attempt that died before it set a directory's mode could leave something that is never removed.
  await chmod(path, 0o700);
  const entries = await readdir(path, { withFileTypes: true, encoding: "buffer" });
  for (let first = 0; first < entries.length; first += atOnce) {
    const some = entries.slice(first, first + atOnce).filter((entry) => !entry.isDirectory());
    await Promise.all(some.map((entry) => remove(path, entry.name)));
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
