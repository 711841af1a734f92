import sql from "sql-template-tag";
import type { Checksum, RawDataPackage } from "../model/package.ts";
import type { PackageState } from "../model/status.ts";
import { packageColumns } from "./columns.ts";
import type { Queryable, Transaction } from "./database.ts";
import { insertFiles, type NewFile } from "./import-files.ts";

export type { NewFile } from "./import-files.ts";

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
  /** A list, or whatever yields them: they are sent as they come, and a million of them never lies in memory. */
  files: Iterable<NewFile> | AsyncIterable<NewFile>;
  /** Where the tar lies; it is recorded as present there. */
  copy?: { locationId: number; key: string; verified?: boolean };
}

/** Adds a package, its files and its copy. */
export async function insertPackage(tx: Transaction, added: NewPackage): Promise<RawDataPackage> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO raw_data_package (id, name, size, checksum_algorithm, checksum_digest, file_count, state,
      executed_obs_unit_id, instrument_module_id)
    VALUES (coalesce(${added.id}::uuid, gen_random_uuid()), ${added.name}, ${added.size}, ${added.checksum?.algorithm},
      ${added.checksum?.digest}, 0, ${added.state}, ${added.executedObsUnitId}::uuid,
      ${added.instrumentModuleId})
    RETURNING id`);
  const { id } = rows[0]!;
  const count = await insertFiles(tx, id, added.instrumentModuleId, added.files);
  const [inserted] = await tx.query<RawDataPackage>(sql`
    UPDATE raw_data_package p SET file_count = ${count} WHERE id = ${id} RETURNING ${packageColumns}`);
  if (added.metadata) {
    await tx.query(sql`
      INSERT INTO raw_data_package_metadata (raw_data_package_id, metadata)
      VALUES (${id}, ${JSON.stringify(added.metadata)})`);
  }
  if (added.copy) {
    await tx.query(sql`
      INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status, verified_at)
      VALUES (${id}, ${added.copy.locationId}, ${added.copy.key}, 'present',
        CASE WHEN ${added.copy.verified ?? false} THEN now() END)`);
  }
  return inserted!;
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
