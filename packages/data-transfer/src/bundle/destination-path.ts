import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { PathOutsideRoot } from "../errors/destination.ts";
import { checkMemberPath } from "./names.ts";
import { translateWriteError } from "./translate-write-error.ts";

/**
 * Puts a path together from a location's path and names of the catalogue, and refuses what does not stay below `root`.
 * Looks at no file: whether a link leads elsewhere is found out by {@link ensureDirectory}, when something is written.
 *
 * @throws PathOutsideRoot, UnsafeName
 */
export function destinationPath(root: string, locationPath: string, ...names: string[]): string {
  const base = resolve(root);
  const refuse = (why: string) => new PathOutsideRoot({ root: base, path: locationPath, why });
  if (!isAbsolute(locationPath)) throw refuse("it is not an absolute path");
  // Not mended: a path with `..` in it is refused even where it would come back below the root.
  const plain = locationPath.replace(/(?<=[^/])\/+$/, "");
  if (resolve(plain) !== plain) throw refuse("it is not written plainly");
  const below = relative(base, plain);
  if (below === ".." || below.startsWith("../")) throw refuse("it lies elsewhere");
  if (below !== "") checkMemberPath(below);
  return join(plain, ...names.flatMap((name) => checkMemberPath(name)));
}

/**
 * Walks from `root` down to `path`, makes what is missing (mode 0750, durable), and follows no link on the way. The root
 * itself has to exist and may be reached through links.
 *
 * @throws PathOutsideRoot, DestinationNotWritable, NoSpace, StorageFailed
 */
export async function ensureDirectory(root: string, path: string): Promise<void> {
  const segments = relative(root, path)
    .split("/")
    .filter((segment) => segment !== "");
  if (segments[0] === "..") throw new PathOutsideRoot({ root, path, why: "it lies elsewhere" });
  let folder: FileHandle | undefined;
  try {
    folder = await open(root, openForSearch & ~constants.O_NOFOLLOW);
    for (const segment of segments) {
      const next = await enter(folder, segment, root, path);
      await folder.close();
      folder = next;
    }
  } catch (error) {
    throw translateWriteError(error, path, "open");
  } finally {
    await folder?.close();
  }
}

/** Linux's O_PATH, which Node does not name: enough to search a folder, needs no right to read it. */
const openForSearch = 0o10000000 | constants.O_DIRECTORY | constants.O_NOFOLLOW;

async function enter(folder: FileHandle, segment: string, root: string, path: string): Promise<FileHandle> {
  // Below an open descriptor, as openat(2) would: the path that led to it may change meanwhile.
  const next = `/proc/self/fd/${folder.fd}/${segment}`;
  try {
    return await open(next, openForSearch);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "ELOOP") {
      throw new PathOutsideRoot({ root, path, why: `${segment} is a link or a file` }, { cause: error });
    }
    if (code !== "ENOENT") throw error;
  }
  await mkdir(next, 0o750).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const parent = await open(`/proc/self/fd/${folder.fd}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
  return await open(next, openForSearch);
}
