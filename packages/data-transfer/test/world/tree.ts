import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createMemberRegister } from "../../src/bundle/member-register.ts";
import type { ArchivedPackage } from "./archive.ts";
import { checksum } from "./package.ts";

/** What lies below a folder: of a file its mode and bytes, of a folder its mode, and of anything else that it is there. */
export type Tree = Record<string, string>;

export async function readTree(folder: string): Promise<Tree> {
  const found: Tree = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const stats = await lstat(join(folder, name));
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) found[name] = `folder ${mode}`;
    else if (stats.isFile()) found[name] = `file ${mode} ${fingerprint(await readFile(join(folder, name)))}`;
    else found[name] = "neither file nor folder";
  }
  return found;
}

/** What must lie in the directory of a package: the bytes that were packed, and nothing else. */
export function treeOf({ contents }: ArchivedPackage): Tree {
  const tree: Tree = {};
  for (const [path, bytes] of contents) {
    tree[path] = `file 640 ${fingerprint(bytes)}`;
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      tree[path.slice(0, at)] = "folder 2750";
  }
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Puts a package's files there by other hands than ours, with the modes that ours give. */
export async function layOut(directory: string, { contents }: ArchivedPackage): Promise<void> {
  for (const [path, bytes] of contents) {
    const folder = dirname(join(directory, path));
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o2750);
    await writeFile(join(directory, path), bytes, { mode: 0o640 });
  }
}

/** The bytes themselves would fill the screen where they differ. */
function fingerprint(bytes: Buffer): string {
  return `${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Name and lines of the list of checksums that must lie beside the directory of a package. */
export async function sumsOf({
  name,
  contents,
  manifest,
}: ArchivedPackage): Promise<{ file: string; lines: string[] }> {
  const { sumAlgorithm } = await createMemberRegister(manifest);
  const lines: string[] = [];
  for (const [path, bytes] of contents) lines.push(`${(await checksum(sumAlgorithm, bytes)).digest}  ${name}/${path}`);
  return { file: `${name}.${sumAlgorithm}`, lines: lines.sort() };
}

export async function readSums(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).trimEnd().split("\n").sort();
}

/** Names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw new Error(`cannot look into ${basename(folder)}`, { cause: error });
  }
}
