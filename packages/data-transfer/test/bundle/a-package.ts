import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { type PackedManifest, packDirectory } from "../../src/bundle/pack.ts";

/** A package, the catalogue's word on it, and a place to bring it to. */
export interface PackageWorld {
  tarPath: string;
  bytes: Buffer;
  manifest: PackedManifest;
  files: Record<string, Buffer>;
  /** Exists; packages are published into it. */
  staged: string;
}

/** Packs these files (or a few of several sizes) as the package `package`. */
export async function aPackage(
  t: Scope,
  { files = someFiles(), algorithm = "xxh64" }: { files?: Record<string, Buffer>; algorithm?: string } = {},
): Promise<PackageWorld> {
  const world = await temporaryDirectory(t);
  const [tree, staged] = [join(world, "package"), join(world, "location/staged")];
  await mkdir(tree);
  await mkdir(staged, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), bytes);
  }
  const tarPath = join(world, "package.tar");
  const manifest = await packDirectory(tree, tarPath, { algorithm });
  return { tarPath, bytes: await readFile(tarPath), manifest, files, staged };
}

export function someFiles(): Record<string, Buffer> {
  return {
    "empty.fits": Buffer.alloc(0),
    "one-byte": randomBytes(1),
    "a/block": randomBytes(512),
    "a/deeper/large.fits": randomBytes(9 * 1024 * 1024 + 13),
    "a/deeper/small.fits": randomBytes(70_000),
    "ümlaut/日本.fits": randomBytes(2880),
  };
}
