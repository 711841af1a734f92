import { mkdir, readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type PackedManifest, packDirectory } from "../bundle/pack.ts";
import { UsageError } from "../errors/usage.ts";
import type { DataLocation } from "../model/location.ts";
import { insertPackage, upsertInstrumentModule, upsertObservation } from "../opsdb/catalogue.ts";
import type { Database } from "../opsdb/database.ts";
import type { SamplePackage } from "./sample-data.ts";

/** A folder that becomes one package. */
export interface Source {
  name: string;
  directory: string;
  observation?: { name: string; instrument: string; module: string; startedAt?: string };
}

/** The sample's packages as sources. */
export function sampleSources(packages: readonly SamplePackage[]): Source[] {
  return packages.map(({ name, directory, observation: { name: unit, instrument, module } }) => ({
    name,
    directory,
    observation: { name: unit, instrument, module },
  }));
}

/**
 * A user's folder as sources: each of its folders a package; or, when it holds files, the whole folder one package.
 *
 * @throws UsageError when it is no folder, or an empty one
 */
export async function folderSources(folder: string): Promise<Source[]> {
  const root = resolve(folder);
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${root} cannot be read as a folder: ${error.code}`, "make demo INPUT=/a/folder/with/files");
  });
  if (entries.length === 0) throw new UsageError(`${root} is empty`, "make demo INPUT=/a/folder/with/files");
  if (!entries.every((entry) => entry.isDirectory())) return [{ name: basename(root), directory: root }];
  return entries.map(({ name }) => ({ name, directory: join(root, name) }));
}

/** Packs sources into a disk archive and writes them into the catalogue, as the archive's own programs would have done. */
export async function fillArchive(
  db: Database,
  archive: DataLocation & { storageType: "disk" },
  sources: readonly Source[],
  onPacked: (source: Source, manifest: PackedManifest) => void,
): Promise<PackedManifest[]> {
  await mkdir(archive.path, { recursive: true });
  const manifests: PackedManifest[] = [];
  for (const source of sources) {
    const key = `${source.name}.tar`;
    const manifest = await packDirectory(source.directory, join(archive.path, key), { name: source.name });
    await catalogueSource(db, archive, source, key, manifest);
    onPacked(source, manifest);
    manifests.push(manifest);
  }
  return manifests;
}

/** Writes a packed source into the catalogue: the package, its files, its observation, and where the tar lies. */
export async function catalogueSource(
  db: Database,
  archive: DataLocation,
  { observation }: Source,
  key: string,
  { package: { name, size, checksums }, files }: PackedManifest,
): Promise<void> {
  await db.transaction(async (tx) => {
    await insertPackage(tx, {
      name,
      size,
      checksum: checksums[0],
      state: "archived",
      executedObsUnitId:
        observation && (await upsertObservation(tx, { name: observation.name, startedAt: observation.startedAt })),
      instrumentModuleId: observation && (await upsertInstrumentModule(tx, observation.instrument, observation.module)),
      files: files.map((file) => ({ path: file.path, size: file.size, checksum: file.checksums[0] })),
      copy: { locationId: archive.id, key, verified: true },
    });
  });
}
