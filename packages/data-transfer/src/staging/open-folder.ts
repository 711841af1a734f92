import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { relative } from "node:path";
import { PathOutsideRoot } from "../errors/destination.ts";

/** Linux's O_PATH, which Node does not name: enough to search a folder, needs no right to read it. */
const openForSearch = 0o10000000 | constants.O_DIRECTORY;

/**
 * Opens a folder below `root`, walking down to it without following a link. Nothing is made. Names below it are reached
 * as `/proc/self/fd/{fd}/{name}`, whatever becomes of the path meanwhile.
 *
 * @returns undefined when it is not there
 * @throws PathOutsideRoot
 */
export async function openFolder(root: string, path: string): Promise<FileHandle | undefined> {
  const names = relative(root, path)
    .split("/")
    .filter((name) => name !== "");
  if (names[0] === "..") throw new PathOutsideRoot({ root, path, why: "it lies elsewhere" });
  let folder: FileHandle | undefined;
  try {
    folder = await open(root, openForSearch);
    for (const name of names) {
      const next: FileHandle = await open(`/proc/self/fd/${folder.fd}/${name}`, openForSearch | constants.O_NOFOLLOW);
      await folder.close();
      folder = next;
    }
    return folder;
  } catch (error) {
    await folder?.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
    throw new PathOutsideRoot({ root, path, why: "a part of it is a link or a file" }, { cause: error });
  }
}
