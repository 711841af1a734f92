import sql from "sql-template-tag";
import type { DataLocation } from "../model/location.ts";
import type { Checksum, PhysicalCopy } from "../model/package.ts";
import { audit } from "./audit.ts";
import { copyColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";
import { findLocationsByIds } from "./locations.ts";

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

/** A person or a check looked at the bytes now and found them right: the package's copy and its files' at that place. */
export async function markVerified(tx: Queryable, copyId: number): Promise<void> {
  await tx.query(sql`
    WITH verified AS (
      UPDATE physical_copy SET verified_at = now() WHERE id = ${copyId} RETURNING raw_data_package_id, data_location_id
    )
    UPDATE physical_copy c SET verified_at = now()
    FROM verified v JOIN raw_data_file f ON f.raw_data_package_id = v.raw_data_package_id
    WHERE c.raw_data_file_id = f.id AND c.data_location_id = v.data_location_id AND c.status = 'present'`);
}

/**
 * Keeps a staged copy at least until then (ISO 8601); never shortens its life.
 *
 * @returns when its lifetime ends now, or undefined when there is no such staged copy
 */
export async function extendLifetime(
  tx: Queryable,
  copyId: number,
  until: string,
  actor: string,
): Promise<string | undefined> {
  const [copy] = await tx.query<{ expiresAt: string }>(sql`
    UPDATE physical_copy SET expires_at = greatest(expires_at, ${until}::timestamptz)
    WHERE id = ${copyId} AND status = 'staged'
    RETURNING expires_at AS "expiresAt"`);
  if (copy) await audit(tx, { actor, action: "extend", subject: `copy:${copyId}`, details: { until: copy.expiresAt } });
  return copy?.expiresAt;
}

/** Staged copies whose lifetime is over, the longest over first. */
export async function expiredCopies(q: Queryable, limit: number): Promise<PhysicalCopy[]> {
  return await q.query(sql`
    SELECT ${copyColumns} FROM physical_copy c
    WHERE c.status = 'staged' AND c.expires_at <= now() ORDER BY c.expires_at LIMIT ${limit}`);
}
