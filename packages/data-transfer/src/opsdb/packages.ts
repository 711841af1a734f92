import sql from "sql-template-tag";
import type { DataLocation } from "../model/location.ts";
import type { Checksum, PhysicalCopy, RawDataFile, RawDataPackage } from "../model/package.ts";
import { copyColumns, filesAfter, packageColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { findLocationsByIds } from "./locations.ts";

/** Those that exist, in no order. */
export async function findPackagesByNames(q: Queryable, names: readonly string[]): Promise<RawDataPackage[]> {
  return await q.query(sql`SELECT ${packageColumns} FROM raw_data_package p WHERE p.name = ANY (${names})`);
}

/** Those that exist, in no order. What is no uuid is no package's id. */
export async function findPackagesByIds(q: Queryable, ids: readonly string[]): Promise<RawDataPackage[]> {
  return await q.query(sql`
    SELECT ${packageColumns} FROM raw_data_package p WHERE p.id = ANY (${ids.filter(isUuid)}::uuid[])`);
}

/** Packages of one executed observation unit, known by its id or its name; undefined when there is no such unit. */
export async function findPackagesOfObservation(
  q: Queryable,
  observation: string,
): Promise<RawDataPackage[] | undefined> {
  const [unit] = await q.query<{ id: string }>(sql`
    SELECT id FROM executed_obs_unit
    WHERE name = ${observation} OR id = ${isUuid(observation) ? observation : undefined}::uuid`);
  if (!unit) return undefined;
  return await q.query(sql`
    SELECT ${packageColumns} FROM raw_data_package p WHERE p.executed_obs_unit_id = ${unit.id} ORDER BY p.name`);
}

/** What has to be in a package. */
export type PackageFile = Pick<RawDataFile, "path" | "size" | "checksum">;

/** Rows asked for at once: the answer, its parsed form and its objects are in memory together for a moment. */
const filesAtOnce = 2000;

/**
 * What the catalogue says is in a package, by path, as a stream: page by page, each found through the index on the path,
 * so that a package of a million files is never in memory. The next page is on its way while one is used. May be gone
 * through again, from the beginning.
 *
 * Pages are questions of their own: what is written into the catalogue meanwhile may be seen, or not.
 */
export function packageFiles(q: Queryable, packageId: string): AsyncIterable<PackageFile> {
  return { [Symbol.asyncIterator]: () => readFiles(q, packageId) };
}

async function* readFiles(q: Queryable, packageId: string): AsyncGenerator<PackageFile, void, undefined> {
  let coming = pageAfter(q, packageId, undefined);
  for (;;) {
    const page = await coming;
    const last = page.length < filesAtOnce ? undefined : page.at(-1);
    if (last !== undefined) {
      coming = pageAfter(q, packageId, last.path);
      // Whoever stops in the middle does not hear of it; who goes on hears of it then.
      coming.catch(() => {});
    }
    for (const { path, size, algorithm, digest } of page) {
      const checksum = algorithm === undefined || digest === undefined ? undefined : { algorithm, digest };
      yield { path, size, checksum };
    }
    if (last === undefined) return;
  }
}

function pageAfter(q: Queryable, packageId: string, path: string | undefined): Promise<FileRow[]> {
  return q.query(sql`
    SELECT path, size, algorithm, digest
    FROM (
      SELECT f.raw_data_package_id, f.path, f.size, f.checksum_algorithm AS algorithm, f.checksum_digest AS digest
      FROM raw_data_file f WHERE ${filesAfter(packageId, path)}
      ORDER BY f.raw_data_package_id, f.path LIMIT ${filesAtOnce}
    ) page WHERE raw_data_package_id = ${packageId}`);
}

interface FileRow {
  path: string;
  size: number;
  algorithm: string | undefined;
  digest: string | undefined;
}

/** A package's tar in an archive, and the archive. */
export interface ArchiveCopy {
  copy: PhysicalCopy;
  location: DataLocation;
}

/** Copies that are there, at archives in use: those of a package stand in the order in which to try them. */
export async function archiveCopies(q: Queryable, packageIds: readonly string[]): Promise<ArchiveCopy[]> {
  const copies = await q.query<PhysicalCopy>(sql`
    SELECT ${copyColumns}
    FROM physical_copy c JOIN data_location d ON d.id = c.data_location_id
    WHERE c.raw_data_package_id = ANY (${packageIds}::uuid[]) AND c.status = 'present'
      AND d.location_type = 'long_term_archive' AND d.active
    ORDER BY c.raw_data_package_id, d.priority, c.id`);
  const locations = await findLocationsByIds(q, [...new Set(copies.map(({ locationId }) => locationId))]);
  const byId = new Map(locations.map((location) => [location.id, location]));
  return copies.map((copy) => ({ copy, location: byId.get(copy.locationId)! }));
}

/** Packages' unpacked copies at a place, whether or not their lifetime is over. */
export async function stagedCopies(
  q: Queryable,
  packageIds: readonly string[],
  locationId: number,
): Promise<PhysicalCopy[]> {
  return await q.query(sql`
    SELECT ${copyColumns} FROM physical_copy c
    WHERE c.raw_data_package_id = ANY (${packageIds}::uuid[]) AND c.data_location_id = ${locationId}
      AND c.status = 'staged'`);
}

export interface StagedFile {
  packageId: string;
  packageName: string;
  /** Path inside the package. */
  path: string;
  size: number;
  checksum: Checksum | undefined;
  /** Path below the location's own. */
  key: string;
}

/** Files of staged packages that are recorded as present at a place, by package and path. */
export async function stagedFiles(
  q: Queryable,
  packageIds: readonly string[],
  locationId: number,
): Promise<StagedFile[]> {
  return await q.query(sql`
    SELECT p.id AS "packageId", p.name AS "packageName", f.path, f.size, c.key,
           CASE WHEN f.checksum_algorithm IS NOT NULL
             THEN json_build_object('algorithm', f.checksum_algorithm, 'digest', f.checksum_digest) END AS checksum
    FROM raw_data_package p
    JOIN physical_copy staged ON staged.raw_data_package_id = p.id AND staged.data_location_id = ${locationId}
      AND staged.status = 'staged'
    JOIN raw_data_file f ON f.raw_data_package_id = p.id
    JOIN physical_copy c ON c.raw_data_file_id = f.id AND c.data_location_id = ${locationId} AND c.status = 'present'
    WHERE p.id = ANY (${packageIds}::uuid[])
    ORDER BY p.name, f.path COLLATE "C"`);
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
