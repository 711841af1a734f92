import sql from "sql-template-tag";
import type { RawDataFile, RawDataPackage } from "../model/package.ts";
import { fileColumns, packageColumns } from "./columns.ts";
import type { Queryable } from "./database.ts";

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

/** What the catalogue says is in a package, by path. */
export async function packageFiles(q: Queryable, packageId: string): Promise<RawDataFile[]> {
  return await q.query(sql`
    SELECT ${fileColumns} FROM raw_data_file f WHERE f.raw_data_package_id = ${packageId} ORDER BY f.path COLLATE "C"`);
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
