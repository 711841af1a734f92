import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createHasher, defaultAlgorithm } from "../../src/bundle/hash.ts";
import { type PackedManifest, packDirectory } from "../../src/bundle/pack.ts";

export interface PackageOptions {
  /** `package-1`, `package-2`, ... by default. */
  name?: string;
  /** How many files it has, in two folders. */
  files?: number;
  /** Bytes of each file. */
  bytes?: number;
  /** Its files by path, instead of made-up ones. */
  contents?: Readonly<Record<string, string | Buffer>>;
  /** The bytes that lie in the archive, instead of a tar of the files: for those that no good program makes. */
  tar?: Buffer;
  /** Changes what the catalogue says of it. */
  catalogue?: (truth: PackedManifest) => PackedManifest;
  algorithm?: string;
  /** The archives that hold it. */
  archives?: readonly ("lta" | "mirror")[];
}

export interface BuiltPackage {
  name: string;
  /** Its files, by path: what must be visible when it is staged. */
  contents: ReadonlyMap<string, Buffer>;
  /** What the catalogue says. */
  manifest: PackedManifest;
  /** What lies in the archive. */
  tar: Buffer;
  archives: readonly ("lta" | "mirror")[];
}

/** Says what package there shall be; `world.archive.put` makes it. */
export function aPackage(options: PackageOptions = {}): PackageOptions {
  return options;
}

/** @param workshop  folder for what is needed while it is made */
export async function buildPackage(options: PackageOptions, name: string, workshop: string): Promise<BuiltPackage> {
  const contents = contentsOf(options, name);
  const { algorithm = defaultAlgorithm, archives = ["lta"], catalogue = (truth: PackedManifest) => truth } = options;
  const { tar, manifest } =
    options.tar === undefined
      ? await packed(contents, algorithm, workshop)
      : await described(options.tar, contents, algorithm);
  return {
    name,
    contents,
    tar,
    archives,
    manifest: catalogue({ ...manifest, package: { ...manifest.package, name } }),
  };
}

/** Made up, but always the same: a failing test fails again. */
function contentsOf({ contents, files = 3, bytes = 2000 }: PackageOptions, name: string): Map<string, Buffer> {
  if (contents) return new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
  return new Map(
    Array.from({ length: files }, (_, i) => {
      const path = `night-${i % 2}/scan-${i}.fits`;
      return [path, Buffer.alloc(bytes, createHash("sha512").update(`${name}/${path}`).digest())];
    }),
  );
}

async function packed(contents: ReadonlyMap<string, Buffer>, algorithm: string, workshop: string) {
  const tree = join(workshop, "tree");
  for (const [path, content] of contents) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  const manifest = await packDirectory(tree, join(workshop, "tar"), { algorithm });
  const tar = await readFile(join(workshop, "tar"));
  await rm(workshop, { recursive: true });
  return { tar, manifest };
}

async function described(tar: Buffer, contents: ReadonlyMap<string, Buffer>, algorithm: string) {
  const manifest: PackedManifest = {
    package: { name: "", size: tar.length, checksums: [await checksum(algorithm, tar)] },
    files: [],
  };
  for (const [path, content] of contents) {
    manifest.files.push({ path, size: content.length, checksums: [await checksum(algorithm, content)] });
  }
  return { tar, manifest };
}

export async function checksum(algorithm: string, bytes: Buffer): Promise<{ algorithm: string; digest: string }> {
  const hasher = await createHasher(algorithm);
  hasher.update(bytes);
  return { algorithm, digest: hasher.digest() };
}
