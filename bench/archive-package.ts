import { join } from "node:path";
import { insertPackage } from "../packages/data-transfer/src/opsdb/catalogue.ts";
import { writeTar } from "./mover/tar-file.ts";
import type { Rig } from "./rig.ts";

export interface PackageShape {
  name: string;
  /** Where the worker has to read it. */
  from: "disk" | "S3";
  files: number;
  /** Of all files together. */
  bytes: number;
  /** Another seed, other bytes. */
  seed?: number;
}

export interface ArchivedPackage extends PackageShape {
  id: string;
  /** Name of the tar in the archive. */
  key: string;
}

/**
 * Writes a package of noise straight into the archive, and into the catalogue with a checksum for it and for each file:
 * there is no tree on disk that it was packed from.
 */
export async function archivePackage({ db, archive, objects }: Rig, shape: PackageShape): Promise<ArchivedPackage> {
  const { name, from } = shape;
  const key = `${name}.tar`;
  const algorithm = "xxh64";
  const tar = await writeTar(join(archive.path, key), shape, [algorithm]);
  const checksum = { algorithm, digest: tar.digests[algorithm]! };
  const files = tar.files.map(({ path, size, digests }) => ({
    path,
    size,
    checksum: { algorithm, digest: digests[algorithm]! },
  }));
  const copy = { locationId: from === "S3" ? objects.id : archive.id, key, verified: true };
  const { id } = await db.transaction((tx) =>
    insertPackage(tx, { name, size: tar.size, checksum, state: "archived", files, copy }),
  );
  return { ...shape, id, key };
}
