import sql from "sql-template-tag";
import type { StagingItem } from "../../src/model/staging.ts";
import { itemColumns } from "../../src/opsdb/columns.ts";
import type { Database } from "../../src/opsdb/database.ts";

/** The latest item of each package, by the package's name. */
export async function readItems(db: Database): Promise<Map<string, StagingItem>> {
  const items = await db.query<StagingItem>(sql`SELECT ${itemColumns} FROM staging_item i ORDER BY i.id`);
  return new Map(items.map((item) => [item.packageName, item]));
}

/** Items that somebody could do something about now, or does. */
export async function itemsInMotion(db: Database): Promise<StagingItem[]> {
  return await db.query(sql`
    SELECT ${itemColumns} FROM staging_item i JOIN data_location d ON d.id = i.destination_id
    WHERE i.status IN ('scheduled', 'in_progress')
      OR i.status = 'pending' AND (i.retry_at IS NULL OR i.retry_at <= now()) AND d.active AND d.pause_message IS NULL`);
}

/** Jobs whose status is not what follows from their items. */
export async function jobsThatContradictTheirItems(db: Database): Promise<unknown[]> {
  return await db.query(sql`
    SELECT j.id, j.status, array_agg(i.status ORDER BY i.id) AS items
    FROM staging_job j JOIN staging_item i ON i.staging_job_id = j.id
    GROUP BY j.id
    HAVING j.status <> CASE
      WHEN bool_and(i.status = 'completed') THEN 'completed'
      WHEN bool_and(i.status IN ('completed', 'failed')) THEN 'failed'
      WHEN j.status IN ('completed', 'failed') THEN 'open'
      ELSE j.status END`);
}

/** What the database has as staged at a place: packages, and of each how many files. */
export async function stagedRecords(db: Database, locationId: number): Promise<Record<string, number>> {
  const rows = await db.query<{ name: string; files: number }>(sql`
    SELECT p.name, (
      SELECT count(*)::int FROM raw_data_file f JOIN physical_copy c ON c.raw_data_file_id = f.id
      WHERE f.raw_data_package_id = p.id AND c.data_location_id = ${locationId} AND c.status = 'present'
        AND c.key = 'staged/' || p.name || '/' || f.path) AS files
    FROM raw_data_package p JOIN physical_copy c ON c.raw_data_package_id = p.id
    WHERE c.data_location_id = ${locationId} AND c.status = 'staged' AND c.key = 'staged/' || p.name
    ORDER BY p.name COLLATE "C"`);
  return Object.fromEntries(rows.map(({ name, files }) => [name, files]));
}
