import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack as createPack, type Pack } from "tar-stream";
import { createHasher, type Hasher } from "../packages/data-transfer/src/bundle/hash.ts";
import { type Noise, noiseFrom } from "../packages/data-transfer/src/demo/noise.ts";
import { insertPackage, type NewFile } from "../packages/data-transfer/src/opsdb/catalogue.ts";
import type { Rig } from "./rig.ts";

export interface PackageShape {
  name: string;
  /** Where the worker has to read it. */
  from: "disk" | "S3";
  files: number;
  /** Of all files together. */
  bytes: number;
}

export interface ArchivedPackage extends PackageShape {
  id: string;
  /** Name of the tar in the archive. */
  key: string;
}

const pieceSize = 1024 * 1024;
const filesPerFolder = 500;

/**
 * Writes a package of noise straight into the archive, and into the catalogue with a checksum for it and for each file:
 * there is no tree on disk that it was packed from.
 */
export async function archivePackage({ db, archive, objects }: Rig, shape: PackageShape): Promise<ArchivedPackage> {
  const { name, from, files: count, bytes } = shape;
  const noise = noiseFrom(count);
  const whole = await createHasher("xxh64");
  const hasher = await createHasher("xxh64");
  const pack = createPack();
  const key = `${name}.tar`;
  let size = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      whole.update(chunk);
      done(null, chunk);
    },
  });
  const written = pipeline(pack, counted, createWriteStream(join(archive.path, key)));
  const files: NewFile[] = [];
  for (let number = 0; number < count; number++) {
    const path = `raw/${String(Math.floor(number / filesPerFolder)).padStart(4, "0")}/scan_${String(number).padStart(6, "0")}.fits`;
    const length = Math.floor((bytes * (number + 1)) / count) - Math.floor((bytes * number) / count);
    files.push({ path, size: length, checksum: await addFile(pack, path, length, noise, hasher) });
  }
  pack.finalize();
  await written;
  const checksum = { algorithm: "xxh64", digest: whole.digest() };
  const copy = { locationId: from === "S3" ? objects.id : archive.id, key, verified: true };
  const { id } = await db.transaction((tx) =>
    insertPackage(tx, { name, size, checksum, state: "archived", files, copy }),
  );
  return { ...shape, id, key };
}

async function addFile(
  pack: Pack,
  name: string,
  size: number,
  noise: Noise,
  hasher: Hasher,
): Promise<NewFile["checksum"]> {
  hasher.reset();
  const entry = pack.entry({ name, size, mode: 0o640, mtime: new Date(0), type: "file" });
  await pipeline(piecesOfNoise(size, noise, hasher), entry);
  return { algorithm: hasher.algorithm, digest: hasher.digest() };
}

function* piecesOfNoise(size: number, noise: Noise, hasher: Hasher): Generator<Buffer> {
  for (let left = size; left > 0; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceSize, left));
    noise.fillWithFloats(piece);
    hasher.update(piece);
    left -= piece.length;
    yield piece;
  }
}
