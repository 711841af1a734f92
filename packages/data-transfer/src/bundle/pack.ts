import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack as createPack, type Pack } from "tar-stream";
import { UsageError } from "../errors/usage.ts";
import { createHasher, defaultAlgorithm, type Hasher } from "./hash.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { checkMemberPath, checkPackageName } from "./names.ts";

export interface PackOptions {
  /** For the package and for each file; xxh64 by default. */
  algorithm?: string;
  /** Of the package; the directory's name by default. */
  name?: string;
}

/** A manifest whose files are at hand. */
export type PackedManifest = Manifest & { package: { size: number }; files: ManifestFile[] };

/**
 * Makes a package of a directory: a tar with its files and directories in order of their names, and the manifest that
 * belongs to it. The same tree gives the same bytes; owners are not recorded, times are whole seconds.
 *
 * @throws UsageError for anything but files and directories in it, UnsafeName, UnknownAlgorithm
 */
export async function packDirectory(
  directory: string,
  tarPath: string,
  options: PackOptions = {},
): Promise<PackedManifest> {
  const { algorithm = defaultAlgorithm, name = basename(directory) } = options;
  checkPackageName(name);
  const archive = await createHasher(algorithm);
  const hasher = await createHasher(algorithm);
  const pack = createPack();
  const counted = countAndHash(archive);
  const written = pipeline(pack, counted.stream, createWriteStream(tarPath));
  const files: ManifestFile[] = [];
  const added = addDirectory(pack, directory, "", hasher, files).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  );
  await Promise.all([written, added]);
  return { package: { name, size: counted.bytes(), checksums: [{ algorithm, digest: archive.digest() }] }, files };
}

async function addDirectory(
  pack: Pack,
  root: string,
  below: string,
  hasher: Hasher,
  files: ManifestFile[],
): Promise<void> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    checkMemberPath(path);
    const { mtime, size } = await lstat(join(root, path));
    const header = { name: path, mtime: new Date(Math.floor(mtime.getTime() / 1000) * 1000), uid: 0, gid: 0 };
    if (entry.isDirectory()) {
      pack.entry({ ...header, name: `${path}/`, type: "directory", mode: 0o750 });
      await addDirectory(pack, root, path, hasher, files);
    } else if (entry.isFile()) {
      hasher.reset();
      await pipeline(
        createReadStream(join(root, path), { highWaterMark: 1024 * 1024 }),
        countAndHash(hasher).stream,
        pack.entry({ ...header, type: "file", mode: 0o640, size }),
      );
      files.push({ path, size, checksums: [{ algorithm: hasher.algorithm, digest: hasher.digest() }] });
    } else {
      throw new UsageError(`${join(root, path)} is neither a file nor a directory: it cannot be part of a package`);
    }
  }
}

function countAndHash(hasher: Hasher): { stream: Transform; bytes: () => number } {
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hasher.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}
