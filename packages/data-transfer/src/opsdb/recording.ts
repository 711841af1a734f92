import sql, { type Sql } from "sql-template-tag";
import type { StagingItem } from "../model/staging.ts";
import { filesAfter } from "./columns.ts";
import type { Queryable } from "./database.ts";

/**
 * Records a package's copy as staged, with the job's lifetime from now on (a longer one that it has already is kept), and
 * each of its files as present. The rows are made inside the database, from the catalogue's: none of them travels. Files
 * that are recorded as they should be stay as they are.
 *
 * Two that record the same package wait for each other at the package's copy.
 *
 * @param targetKey  where it lies, below the location's path
 */
export async function recordCopies(tx: Queryable, item: StagingItem, targetKey: string): Promise<void> {
  const [copy] = await tx.query<{ added: boolean }>(sql`
    INSERT INTO physical_copy AS c (raw_data_package_id, data_location_id, key, status, expires_at, verified_at)
    SELECT ${item.packageId}::uuid, j.destination_id, ${targetKey}, 'staged',
           now() + make_interval(secs => j.lifetime_seconds), now()
    FROM staging_job j WHERE j.id = ${item.jobId}
    ON CONFLICT (raw_data_package_id, data_location_id) WHERE raw_data_package_id IS NOT NULL DO UPDATE
    SET key = excluded.key, status = 'staged', verified_at = excluded.verified_at,
        expires_at = greatest(c.expires_at, excluded.expires_at)
    -- A row that was updated carries the number of the transaction that did it.
    RETURNING xmax = 0 AS added`);
  const asItShouldBe = sql`EXISTS (
    SELECT FROM physical_copy c
    WHERE c.raw_data_file_id = page.id AND c.data_location_id = ${item.destinationId}
      AND c.status = 'present' AND c.key = ${targetKey} || '/' || page.path)`;
  await forEachPage(
    tx,
    item.packageId!,
    sql`
    INSERT INTO physical_copy (raw_data_file_id, data_location_id, key, status, verified_at)
    SELECT id, ${item.destinationId}, ${targetKey} || '/' || path, 'present', now()
    FROM page WHERE ${copy!.added} OR NOT ${asItShouldBe}
    -- In the order of the index that each row goes into, which writes half of what any other order does.
    ORDER BY id
    ON CONFLICT (raw_data_file_id, data_location_id) WHERE raw_data_file_id IS NOT NULL DO UPDATE
    SET key = excluded.key, status = 'present', verified_at = excluded.verified_at`,
  );
}

/** The files of a package are not at that place any more. */
export async function recordFilesGone(tx: Queryable, packageId: string, locationId: number): Promise<void> {
  await forEachPage(
    tx,
    packageId,
    sql`
    UPDATE physical_copy c SET status = 'deleted'
    FROM page WHERE c.raw_data_file_id = page.id AND c.data_location_id = ${locationId} AND c.status = 'present'`,
  );
}

/** Files that one statement is about: about half a second's work, far from any time limit of the server. */
const filesAtOnce = 50_000;

/** @param change  what is done with each `page (id, path)` of a package's files */
async function forEachPage(tx: Queryable, packageId: string, change: Sql): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const [page] = await tx.query<{ files: number; last: string }>(sql`
      WITH ahead AS MATERIALIZED (
        SELECT f.id, f.path, f.raw_data_package_id FROM raw_data_file f
        WHERE ${filesAfter(packageId, after)}
        ORDER BY f.raw_data_package_id, f.path LIMIT ${filesAtOnce}
      ), page AS (
        SELECT id, path FROM ahead WHERE raw_data_package_id = ${packageId}
      ), changed AS (${change})
      SELECT count(*) AS files, max(path) AS last FROM page`);
    if (page!.files < filesAtOnce) return;
    after = page!.last;
  }
}
