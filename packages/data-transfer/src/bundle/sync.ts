import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { translateWriteError } from "./translate-write-error.ts";

/** Directories that are synced at the same time: the file system makes one transaction of many. */
const atOnce = 16;

/**
 * Makes the entries of all directories of a tree durable, the deepest first. The files in them are synced already.
 *
 * @param directories those above before those below
 * @throws StorageFailed, NoSpace: ENOSPC and EDQUOT may come as late as this
 */
export async function syncDirectories(directories: readonly string[]): Promise<void> {
  const byDepth = Map.groupBy(directories, (path) => path.split("/").length);
  for (const depth of [...byDepth.keys()].sort((a, b) => b - a)) {
    const level = byDepth.get(depth) as string[];
    for (let first = 0; first < level.length; first += atOnce) {
      await Promise.all(level.slice(first, first + atOnce).map(syncDirectory));
    }
  }
}

/** Makes a directory's entries durable. Never tried twice: after a failed fsync nobody knows what is on disk. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      await syncOpenDirectory(handle, directory);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateWriteError(error, directory, "fsync");
  }
}

/** The same for one that is open. Whatever the system answers, but a refusal, is thrown as it is. */
export async function syncOpenDirectory(handle: FileHandle, directory: string): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!refusesToSync(error)) throw error;
    warnOnce(directory);
  }
}

/** Some network file systems have no fsync for directories; their server makes entries durable by itself. */
function refusesToSync(error: unknown): boolean {
  return ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? "");
}

let warned = false;

function warnOnce(directory: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(`the file system of ${directory} refuses fsync of directories`, {
    code: "CDT-NO-DIRECTORY-FSYNC",
  });
}
