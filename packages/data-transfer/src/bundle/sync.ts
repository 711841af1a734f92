import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { translateWriteError } from "./translate-write-error.ts";

/**
 * Makes the entries of all directories of a tree durable, the deepest first. The files in it are synced already.
 *
 * @throws StorageFailed, NoSpace: ENOSPC and EDQUOT may come as late as this
 */
export async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(directory, entry.name));
  }
  await syncDirectory(directory);
}

/** Makes a directory's entries durable. Never tried twice: after a failed fsync nobody knows what is on disk. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      await handle.sync();
    } catch (error) {
      if (!refusesToSync(error)) throw error;
      warnOnce(directory);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateWriteError(error, directory, "fsync");
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
