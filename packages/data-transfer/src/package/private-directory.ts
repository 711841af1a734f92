import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, opendir, realpath, rename } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { removeTree } from "../bundle/remove-tree.ts";
import { translateWriteError } from "../bundle/translate-write-error.ts";
import { UsageError } from "../errors/usage.ts";

/**
 * The final path of a tree that a person named: its parent has to exist. Links that lead to the parent are followed, now
 * and once; the target itself is looked at as it is.
 *
 * @throws UsageError
 */
export async function targetPath(named: string): Promise<string> {
  const path = resolve(named);
  const name = basename(path);
  if (name === "") throw new UsageError(`${named} cannot be a package's folder`, help);
  const parent = await realpath(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`the folder that ${named} is to lie in cannot be used: ${error.code}`, help);
  });
  if (!(await lstat(parent)).isDirectory()) throw new UsageError(`${parent} is not a folder`, help);
  return join(parent, name);
}

/**
 * The private directory in which a target is made: beside it (same file system, project and quota), 0700, named
 * `.package-{target}-{source}-{random}` by digests of both. One that an earlier run left for the same source and target is
 * taken over by renaming it, so that a run that only seemed dead finds its directory gone and can publish nothing.
 *
 * @param source what the package is read from
 * @param keep whether what an earlier run left may be used; else it is removed
 * @throws NoSpace, DestinationNotWritable, StorageFailed
 */
export async function takePrivateDirectory(target: string, source: string, keep: boolean): Promise<string> {
  const parent = dirname(target);
  const prefix = `${prefixOf(target)}${digest(source)}-`;
  const own = join(parent, `${prefix}${randomBytes(6).toString("hex")}`);
  let kept = false;
  for (const name of await leftBy(parent, prefix)) {
    // Renamed before it is looked into or removed: whoever still writes there does not any more.
    const taken = kept ? `${own}-old` : own;
    if (!(await takeOver(join(parent, name), taken))) continue;
    if (!kept && keep && (await isOurs(taken))) kept = true;
    else await removeTree(taken);
  }
  try {
    if (!kept) await mkdir(own, 0o700);
    await chmod(own, 0o700);
    return own;
  } catch (error) {
    throw translateWriteError(error, own, "mkdir");
  }
}

/**
 * Removes what earlier runs left for a target, whatever their source: it is there now.
 *
 * @throws DestinationNotWritable, StorageFailed
 */
export async function removeLeftovers(target: string): Promise<void> {
  const parent = dirname(target);
  for (const name of await leftBy(parent, prefixOf(target))) await removeTree(join(parent, name));
}

function prefixOf(target: string): string {
  return `.package-${digest(basename(target))}-`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

async function leftBy(parent: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(parent)) {
      if (name.startsWith(prefix)) names.push(name);
    }
  } catch (error) {
    throw translateWriteError(error, parent, "readdir");
  }
  return names.sort();
}

async function takeOver(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    // Somebody was faster, or it is not ours to move.
    if (["ENOENT", "EPERM", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw translateWriteError(error, from, "rename");
  }
}

/** In a folder that others may write to, a directory of theirs could stand there under our name. */
async function isOurs(path: string): Promise<boolean> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  try {
    const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const { uid, mode } = await handle.stat();
      return uid === process.geteuid?.() && (mode & 0o077) === 0;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

const help = "ccat_data_transfer package unpack --help";
