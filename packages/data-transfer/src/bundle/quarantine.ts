import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errnoOf } from "../errors/errno.ts";
import { syncDirectory } from "./sync.ts";
import { translateWriteError } from "./translate-write-error.ts";

/**
 * Opens a directory, so that it and no other is meant later on, whatever lies under its name by then.
 *
 * @throws DestinationNotWritable (it cannot be read), StorageFailed
 */
export async function holdDirectory(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error: unknown) => {
    throw translateWriteError(error, path, "open");
  });
}

/**
 * Moves what lies in a directory out of the way, beside it and durably, so that it can be looked at, and frees its name.
 *
 * Whoever found it damaged may stand still before this, while another attempt puts it aside and publishes a good tree under
 * its name. Renaming the directory by its name would take that one away. What is in it is moved instead, by way of the
 * open directory; and the name is freed by removing a directory there if it is empty, which no published tree is.
 *
 * @param held the directory that lay at the target when it was looked at
 * @returns where its contents lie now
 * @throws DestinationNotWritable, StorageFailed, NoSpace
 */
export async function quarantine(target: string, held: FileHandle): Promise<string> {
  try {
    const place = await makePlace(target);
    const contents = `/proc/self/fd/${held.fd}`;
    for (const name of await readdir(contents)) {
      // Gone: another attempt is at it, too.
      await rename(join(contents, name), join(place, name)).catch(unlessIt("ENOENT"));
    }
    await syncDirectory(place);
    await rmdir(target).catch(unlessIt("ENOENT", "ENOTEMPTY", "EEXIST"));
    await syncDirectory(dirname(target));
    return place;
  } catch (error) {
    throw translateWriteError(error, target, "rename");
  }
}

async function makePlace(target: string): Promise<string> {
  for (let number = 1; ; number++) {
    const place = join(dirname(target), `.quarantine-${basename(target)}-${number}`);
    try {
      await mkdir(place, 0o750);
      return place;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
}

function unlessIt(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(errnoOf(error) ?? "")) throw error;
  };
}
