import sql from "sql-template-tag";
import type { Checksum, RawDataPackage } from "../model/package.ts";
import type { PackageState } from "../model/status.ts";
import { packageColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";

/** A package that is new to the catalogue, with its files and where its tar lies. */
export interface NewPackage {
  /** A new uuid by default. */
  id?: string;
  name: string;
  /** Bytes of the tar. */
  size: number;
  checksum: Checksum | undefined;
  state: PackageState;
  executedObsUnitId?: string | undefined;
  instrumentModuleId?: number | undefined;
  metadata?: Readonly<Record<string, unknown>>;
  files: readonly NewFile[];
  /** Where the tar lies; it is recorded as present there. */
  copy?: { locationId: number; key: string; verified?: boolean };
}

export interface NewFile {
  id?: string;
  /** Inside the package, `/` between the parts. */
  path: string;
  size: number;
  checksum: Checksum | undefined;
}

/** Adds a package, its files and its copy; tens of thousands of files go in one statement. */
export async function insertPackage(tx: Queryable, added: NewPackage): Promise<RawDataPackage> {
  const rows = await tx.query<RawDataPackage>(sql`
    INSERT INTO raw_data_package AS p (id, name, size, checksum_algorithm, checksum_digest, file_count, state,
      executed_obs_unit_id, instrument_module_id)
    VALUES (coalesce(${added.id}::uuid, gen_random_uuid()), ${added.name}, ${added.size}, ${added.checksum?.algorithm},
      ${added.checksum?.digest}, ${added.files.length}, ${added.state}, ${added.executedObsUnitId}::uuid,
      ${added.instrumentModuleId})
    RETURNING ${packageColumns}`);
  const inserted = rows[0]!;
  await insertFiles(tx, inserted.id, added);
  if (added.metadata) {
    await tx.query(sql`
      INSERT INTO raw_data_package_metadata (raw_data_package_id, metadata)
      VALUES (${inserted.id}, ${JSON.stringify(added.metadata)})`);
  }
  if (added.copy) {
    await tx.query(sql`
      INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status, verified_at)
      VALUES (${inserted.id}, ${added.copy.locationId}, ${added.copy.key}, 'present',
        CASE WHEN ${added.copy.verified ?? false} THEN now() END)`);
  }
  return inserted;
}

async function insertFiles(tx: Queryable, packageId: string, { files, instrumentModuleId }: NewPackage): Promise<void> {
  await tx.query(sql`
    INSERT INTO raw_data_file (id, raw_data_package_id, instrument_module_id, path, size, checksum_algorithm, checksum_digest)
    SELECT coalesce(f.id, gen_random_uuid()), ${packageId}, ${instrumentModuleId}::bigint, f.path, f.size, f.algorithm, f.digest
    FROM unnest(
      ${files.map((file) => file.id)}::uuid[],
      ${files.map((file) => file.path)}::text[],
      ${files.map((file) => file.size)}::bigint[],
      ${files.map((file) => file.checksum?.algorithm)}::text[],
      ${files.map((file) => file.checksum?.digest)}::text[]
    ) AS f (id, path, size, algorithm, digest)`);
}

/** Known by its name. Answers the id. */
export async function upsertObservation(
  q: Queryable,
  unit: { name: string; startedAt?: string; endedAt?: string },
): Promise<string> {
  const rows = await q.query<{ id: string }>(sql`
    INSERT INTO executed_obs_unit (name, started_at, ended_at)
    VALUES (${unit.name}, ${unit.startedAt}::timestamptz, ${unit.endedAt}::timestamptz)
    ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at
    RETURNING id`);
  return rows[0]!.id;
}

/** An instrument's module, both known by their names. Answers the module's id. */
export async function upsertInstrumentModule(q: Queryable, instrument: string, module: string): Promise<number> {
  const instruments = await q.query<{ id: number }>(sql`
    INSERT INTO instrument (name) VALUES (${instrument}) ON CONFLICT (name) DO UPDATE SET name = excluded.name
    RETURNING id`);
  const modules = await q.query<{ id: number }>(sql`
    INSERT INTO instrument_module (instrument_id, name) VALUES (${instruments[0]!.id}, ${module})
    ON CONFLICT (instrument_id, name) DO UPDATE SET name = excluded.name
    RETURNING id`);
  return modules[0]!.id;
}
