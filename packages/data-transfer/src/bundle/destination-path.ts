import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { PathOutsideRoot } from "../errors/destination.ts";
import { checkMemberPath } from "./names.ts";
import { syncOpenDirectory } from "./sync.ts";
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
 * Walks from `root` down to `path`, makes what is missing (mode 0750), and follows no link on the way. Afterwards all names
 * below the root are durable, whoever made them. The root itself has to exist and may be reached through links.
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
    // Nothing was written through it, so its end says nothing about what was.
    await folder?.close().catch(() => {});
  }
}

/** Linux's O_PATH, which Node does not name: enough to search a folder, needs no right to read it. */
const openForSearch = 0o10000000 | constants.O_DIRECTORY | constants.O_NOFOLLOW;

async function enter(folder: FileHandle, segment: string, root: string, path: string): Promise<FileHandle> {
  // Below an open descriptor, as openat(2) would: the path that led to it may change meanwhile.
  const place = `/proc/self/fd/${folder.fd}/${segment}`;
  let made = false;
  const next = await open(place, openForSearch).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR" || error.code === "ELOOP") {
      throw new PathOutsideRoot({ root, path, why: `${segment} is a link or a file` }, { cause: error });
    }
    if (error.code !== "ENOENT") throw error;
    await mkdir(place, 0o750).catch((late: NodeJS.ErrnoException) => {
      if (late.code !== "EEXIST") throw late;
    });
    made = true;
    return await open(place, openForSearch);
  });
  try {
    await makeNameDurable(folder, next, made, path);
    return next;
  } catch (error) {
    await next.close();
    throw error;
  }
}

/** Folders whose names are durable as far as this process knows, by device and inode. */
const durable = new Set<string>();
const mostKnown = 10_000;

/**
 * Syncs a folder's parent, unless that has been done before. One that was there already may have been made a moment ago by
 * somebody who has not come to syncing it, or never will.
 */
async function makeNameDurable(parent: FileHandle, folder: FileHandle, made: boolean, path: string): Promise<void> {
  const { dev, ino } = await folder.stat({ bigint: true });
  const identity = `${dev}:${ino}`;
  if (durable.has(identity) && !made) return;
  try {
    const opened = await open(`/proc/self/fd/${parent.fd}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await syncOpenDirectory(opened, path);
    } finally {
      await opened.close();
    }
  } catch (error) {
    // What lies where we may only pass through is not ours.
    if (made || (error as NodeJS.ErrnoException).code !== "EACCES") throw error;
  }
  if (durable.size >= mostKnown) durable.clear();
  durable.add(identity);
}
