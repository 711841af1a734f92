import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { applySeed } from "../../src/cli/seed/apply-seed.ts";
import { readSeed, shippedSeed } from "../../src/cli/seed/read-seed.ts";
import { fillArchive } from "../../src/demo/fill-archive.ts";
import type { DiskDataLocation } from "../../src/model/location.ts";
import { findLocation, type LocationSeed } from "../../src/opsdb/locations.ts";
import type { Production } from "./production.ts";

export const queue = "cologne_ramses_processing_staging";

/** Packages to be made: their names, and how many bytes they have, in four files. */
export type Wanted = Readonly<Record<string, number>>;

/** The sites and the processing location as `db seed` makes them, and an archive on disk with these packages. */
export async function fillProduction(production: Production, packages: Wanted): Promise<void> {
  await seedLocations(production, [archiveOnDisk(production)]);
  await archivePackages(production, packages);
}

/** What `db seed` writes, and archives beside it. */
export async function seedLocations({ db, root }: Production, archives: readonly LocationSeed[]): Promise<void> {
  const { sites, locations } = readSeed(shippedSeed, root);
  const more = archives.map((location) => ({ site: "cologne", location }));
  await applySeed(db, { sites, locations: [...locations, ...more] }, "the test's own list", "test");
}

export function archiveOnDisk({ archive }: Production): LocationSeed {
  const disk = { storageType: "disk", host: undefined, path: archive } as const;
  return { name: "lta", locationType: "long_term_archive", priority: 0, active: true, ...disk };
}

/** Makes packages, all of one observation, and archives them. */
export async function archivePackages(
  production: Production,
  packages: Wanted,
  observation = "2026-03-14-OU17",
): Promise<void> {
  for (const [name, bytes] of Object.entries(packages)) await makeTree(sourceOf(production, name), bytes);
  await archiveSources(production, Object.keys(packages), observation);
}

/** Packs what lies at the sources of these packages into the archive's folder, and fills the catalogue. */
export async function archiveSources(
  production: Production,
  names: readonly string[],
  observation: string,
): Promise<void> {
  const { db } = production;
  const archive = await findLocation(db, "cologne/lta");
  assert.ok(archive);
  // Whatever serves them, the tar files lie in one folder.
  const onDisk = { ...archive, storageType: "disk", path: production.archive, host: undefined } as DiskDataLocation;
  const sources = names.map((name) => ({
    ...{ name, directory: sourceOf(production, name) },
    observation: { name: observation, instrument: "chai", module: "lfa" },
  }));
  await fillArchive(db, onDisk, sources, () => {});
}

/** A package's files before they were packed. */
export function sourceOf({ folder }: Production, name: string): string {
  return join(folder, "instrument", name);
}

/** Where a package is staged. */
export function stagedAt({ root }: Production, name: string): string {
  return join(root, "staged", name);
}

/** Exactly these packages are visible, each byte as the instrument wrote it, and nothing half done lies about. */
export async function assertStaged(production: Production, names: readonly string[]): Promise<void> {
  const entries = await readdir(join(production.root, "staged")).catch(() => []);
  assert.deepEqual(entries.sort(), names.flatMap((name) => [name, `${name}.xxh64`]).sort());
  for (const name of names) await assertSameTree(stagedAt(production, name), sourceOf(production, name));
}

export async function assertSameTree(found: string, expected: string): Promise<void> {
  const [foundFiles, expectedFiles] = await Promise.all([filesBelow(found), filesBelow(expected)]);
  assert.deepEqual(foundFiles, expectedFiles);
  assert.ok(expectedFiles.length > 0, `${expected} is empty`);
  for (const file of expectedFiles) {
    const [one, other] = await Promise.all([readFile(join(found, file)), readFile(join(expected, file))]);
    assert.ok(one.equals(other), `${join(found, file)} is not what ${join(expected, file)} is`);
  }
}

export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();
}

async function makeTree(directory: string, bytes: number): Promise<void> {
  const sizes = [Math.floor(bytes / 2), Math.floor(bytes / 4), 0];
  sizes.push(bytes - sizes.reduce((sum, size) => sum + size));
  for (const [index, size] of sizes.entries()) {
    const file = join(directory, index < 2 ? "raw" : "housekeeping", `scan-${index}.fits`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, randomBytes(size));
  }
}
