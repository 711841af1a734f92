import { chmod, chown, lstat, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CrossDevice, TakenOver, TargetExists } from "../errors/destination.ts";
import { errnoOf } from "../errors/errno.ts";
import { ensureDirectory } from "./destination-path.ts";
import { graveName, privateName } from "./private-names.ts";
import { removeTree } from "./remove-tree.ts";
import { syncDirectories, syncDirectory } from "./sync.ts";
import { translateWriteError } from "./translate-write-error.ts";
import type { TreeModes } from "./tree-writer.ts";

/**
 * Makes the private directory of an attempt, 0700, beside the target: same parent, so same file system, project and quota.
 *
 * The directory of the latest earlier attempt is taken over by renaming it to this attempt's name: a predecessor that only
 * seemed dead finds it gone and can publish nothing. What it holds is for unpacking to go on from. Older ones are removed,
 * having been renamed as well: nobody can publish what is half removed.
 *
 * @param parent directory that the target will lie in; made where it is missing, reached without following links
 * @param root where links stop being allowed; those above it are the administrator's business
 * @returns the directory's path
 * @throws PathOutsideRoot, DestinationNotWritable, NoSpace, StorageFailed, TakenOver
 */
export async function prepareDirectory(
  parent: string,
  item: number,
  attempt: number,
  root: string = "/",
): Promise<string> {
  await ensureDirectory(root, parent);
  const directory = join(parent, privateName(item, attempt));
  try {
    await takeAwayAndRemove(parent, item, attempt);
    let taken = false;
    for (let earlier = attempt - 1; earlier > 0; earlier--) {
      if (taken) await takeAwayAndRemove(parent, item, earlier);
      else taken = await moveAway(join(parent, privateName(item, earlier)), directory);
    }
    if (!taken) await mkdir(directory, 0o700);
    // A umask that takes the owner's own bits would leave a directory that even we cannot use.
    await chmod(directory, 0o700);
    return directory;
  } catch (error) {
    throw await orTakenOver(translateWriteError(error, directory, "mkdir"), directory);
  }
}

/**
 * What an attempt's error really is: where something was missing, and the private directory is gone as a whole, a successor
 * has taken it, and nothing is wrong with the destination.
 */
export async function orTakenOver(error: unknown, directory: string): Promise<unknown> {
  if (error instanceof TakenOver || !comesFromAbsence(error) || (await whatIsAt(directory)) !== undefined) return error;
  return new TakenOver({ path: directory }, { cause: error });
}

function comesFromAbsence(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return errnoOf(error) === "ENOENT" || comesFromAbsence(error.cause);
}

/**
 * Makes a finished tree visible, in one step: directories synced bottom-up, renamed, parent synced. The files in it are
 * synced already.
 *
 * The target must not exist, in whatever form. Of two who publish at once, one succeeds and the other gets TargetExists.
 * (rename(2) replaces an empty directory; one that somebody makes between the look and the rename is replaced, and
 * nothing is lost by that.)
 *
 * When syncing the parent fails, the package is visible and may be gone after a power loss: it was not recorded, and the
 * next attempt finds it, verifies it and adopts it.
 *
 * @param directories all directories of the tree, its own included, those above before those below
 * @throws TargetExists, CrossDevice, TakenOver, NoSpace, DestinationNotWritable, StorageFailed
 */
export async function publish(
  tree: string,
  directories: readonly string[],
  target: string,
  modes: Pick<TreeModes, "dir" | "gid">,
): Promise<void> {
  const found = await whatIsAt(target);
  if (found !== undefined) throw new TargetExists({ path: target, found });
  try {
    if (modes.gid !== undefined) await chown(tree, -1, modes.gid);
    await chmod(tree, modes.dir);
    await syncDirectories(directories);
    await rename(tree, target);
  } catch (error) {
    throw await translateRenameError(error, tree, target);
  }
  await syncDirectory(dirname(target));
}

/** What a path is, links not followed; undefined where there is nothing. */
async function whatIsAt(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return "a directory";
    if (stats.isSymbolicLink()) return "a link";
    return stats.isFile() ? "a file" : "a special file";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw translateWriteError(error, path, "lstat");
  }
}

/** Where we die in the middle of it, the sweep of leftovers goes on. */
async function takeAwayAndRemove(parent: string, item: number, attempt: number): Promise<void> {
  const grave = join(parent, graveName(item, attempt));
  if (await moveAway(join(parent, privateName(item, attempt)), grave)) await removeTree(grave);
}

/** @returns whether there was something to move */
async function moveAway(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function translateRenameError(error: unknown, directory: string, target: string): Promise<unknown> {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EXDEV") return new CrossDevice({ from: directory, to: target }, { cause: error });
  if (isOccupied(error)) {
    return new TargetExists(
      { path: target, found: (await whatIsAt(target)) ?? "it was there just now" },
      { cause: error },
    );
  }
  if (code === "ENOENT" && (await whatIsAt(directory)) === undefined) {
    return new TakenOver({ path: directory }, { cause: error });
  }
  return translateWriteError(error, target, "rename");
}

function isOccupied(error: unknown): boolean {
  return ["ENOTEMPTY", "EEXIST", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
