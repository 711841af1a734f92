import { createHasher } from "../bundle/hash.ts";
import type { PackedManifest } from "../bundle/pack.ts";
import { SampleRefused } from "../errors/demo.ts";
import { ObjectMissing } from "../errors/source.ts";
import type { S3DataLocation } from "../model/location.ts";
import type { RawDataPackage } from "../model/package.ts";
import type { Database } from "../opsdb/database.ts";
import { archiveCopies, findPackagesByNames, findPackagesOfObservation } from "../opsdb/packages.ts";
import type { Storage } from "../storage/storage.ts";
import { catalogueSource } from "./fill-archive.ts";
import type { SampleTar } from "./sample-packages.ts";

/** The archive that the sample goes to. */
export interface SampleArchive {
  location: S3DataLocation;
  storage: Storage;
  /** Never replaces an object. */
  put(key: string, file: string, signal: AbortSignal): Promise<"put" | "exists">;
}

export interface AddedSample {
  name: string;
  files: number;
  /** Bytes of the tar. */
  size: number;
  /** Whether the archive, and the catalogue, have it from now on or had it before. */
  archive: "added" | "was there";
  catalogue: "added" | "was there";
}

/**
 * Puts sample packages into an archive and into the catalogue. What is there already is compared; doing it again changes
 * nothing, and so does one that goes on where another was interrupted.
 *
 * @throws SampleRefused before anything is written, where something else has one of the names
 */
export async function addSample(
  db: Database,
  archive: SampleArchive,
  tars: readonly SampleTar[],
  signal: AbortSignal,
): Promise<AddedSample[]> {
  const catalogued = await compareWithCatalogue(db, archive.location, tars);
  const archived = new Set<SampleTar>();
  for (const tar of tars) if (await liesInArchive(archive, tar.manifest, signal)) archived.add(tar);

  // ---- from here on something is written
  const added: AddedSample[] = [];
  for (const tar of tars) {
    const { source, manifest } = tar;
    const key = keyOf(manifest);
    const known = catalogued.has(source.name);
    let wasThere = archived.has(tar);
    // The archive first: a package in the catalogue that lies nowhere could be asked for.
    if (!wasThere && (await archive.put(key, tar.tar, signal)) === "exists") {
      // Somebody was quicker; perhaps this very command beside us.
      await liesInArchive(archive, manifest, signal);
      wasThere = true;
    }
    if (!known) await catalogueSource(db, archive.location, source, key, manifest);
    added.push({
      ...{ name: source.name, files: manifest.files.length, size: manifest.package.size },
      ...{ archive: wasThere ? "was there" : "added", catalogue: known ? "was there" : "added" },
    });
  }
  return added;
}

/** Names of those that the catalogue has already, as they are and where they are. @throws SampleRefused */
async function compareWithCatalogue(
  db: Database,
  location: S3DataLocation,
  tars: readonly SampleTar[],
): Promise<Set<string>> {
  const names = tars.map(({ source }) => source.name);
  const known = new Map((await findPackagesByNames(db, names)).map((one) => [one.name, one]));
  for (const { source, manifest } of tars) {
    const { name, observation } = source;
    const there = known.get(name);
    if (there !== undefined) await comparePackage(db, location, there, manifest);
    const others = observation && (await findPackagesOfObservation(db, observation.name));
    const foreign = others?.find((one) => !names.includes(one.name));
    if (foreign !== undefined || others?.length === 0) {
      const whose = foreign === undefined ? "nobody's packages" : `the package ${foreign.name}`;
      throw new SampleRefused({ name: observation!.name, why: `is an observation already, with ${whose}` });
    }
  }
  return new Set(known.keys());
}

async function comparePackage(
  db: Database,
  location: S3DataLocation,
  { id, name, size, checksum }: RawDataPackage,
  { package: expected }: PackedManifest,
): Promise<void> {
  const [{ algorithm, digest }] = expected.checksums as [{ algorithm: string; digest: string }];
  if (size !== expected.size || checksum?.algorithm !== algorithm || checksum.digest !== digest)
    throw new SampleRefused({ name, why: "is in the catalogue already, with other content" });
  const copies = await archiveCopies(db, [id]);
  if (!copies.some(({ copy }) => copy.locationId === location.id))
    throw new SampleRefused({ name, why: `is in the catalogue already, and not in ${location.name}` });
}

/** Whether the archive has this very tar, read and compared. @throws SampleRefused where it has another object under its key */
async function liesInArchive(
  { storage }: SampleArchive,
  manifest: PackedManifest,
  signal: AbortSignal,
): Promise<boolean> {
  const key = keyOf(manifest);
  const info = await storage.stat(key, signal).catch((error) => {
    if (error instanceof ObjectMissing) return undefined;
    throw error;
  });
  if (info === undefined) return false;
  const { size, checksums } = manifest.package;
  const expected = checksums[0]!;
  const hasher = await createHasher(expected.algorithm);
  if (info.size === size)
    for await (const chunk of storage.read(key, { start: 0, end: size }, info, signal)) hasher.update(chunk);
  if (info.size !== size || hasher.digest() !== expected.digest)
    throw new SampleRefused({ name: key, why: `lies in ${storage.name} already, with other content` });
  return true;
}

function keyOf({ package: { name } }: PackedManifest): string {
  return `${name}.tar`;
}
