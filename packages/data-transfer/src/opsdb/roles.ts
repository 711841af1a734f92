import pg from "pg";
import sql, { join, raw, type Sql } from "sql-template-tag";
import type { Queryable } from "./database.ts";

/** Group roles: logins are made members of them by whoever runs the database. */
export interface RoleNames {
  manager: string;
  worker: string;
  reader: string;
}

export const defaultRoles: RoleNames = { manager: "ccat_manager", worker: "ccat_worker", reader: "ccat_reader" };

export interface GrantedRoles {
  created: string[];
  granted: string[];
  /** Not there, and we may not create them: whoever may should, and migrate again. */
  missing: string[];
}

/**
 * Gives each role what its work needs and no more; none may change the schema. Roles that do not exist are created where
 * the migrating user may.
 */
export async function grantRoles(tx: Queryable, schema: string, names = defaultRoles): Promise<GrantedRoles> {
  const wanted = [names.manager, names.worker, names.reader];
  const existing = await existingRoles(tx, wanted);
  const absent = wanted.filter((name) => !existing.includes(name));
  const created = absent.length > 0 && (await mayCreateRoles(tx)) ? absent : [];
  for (const name of created) await tx.query(sql`CREATE ROLE ${identifier(name)} NOLOGIN`);
  const granted = [...existing, ...created];
  for (const [role, rights] of [
    [names.reader, []],
    [names.worker, workerRights],
    [names.manager, managerRights],
  ] as const) {
    if (granted.includes(role)) await grant(tx, schema, role, rights);
  }
  return { created, granted, missing: absent.filter((name) => !created.includes(name)) };
}

/**
 * What the user of this connection lacks of a worker's rights, as `UPDATE on staging_item`; in a schema that is up to date.
 */
export async function missingWorkerRights(q: Queryable, schema: string, tables: readonly string[]): Promise<string[]> {
  const wanted = [["SELECT", tables] as const, ...workerRights].flatMap(([rights, on]) =>
    rights.split(", ").flatMap((right) => on.map((table) => ({ right, table }))),
  );
  const rows = await q.query<{ lacks: string }>(sql`
    SELECT wanted."right" || ' on ' || wanted."table" AS lacks
    FROM json_to_recordset(${JSON.stringify(wanted)}::json) AS wanted("right" text, "table" text)
    WHERE NOT has_table_privilege(format('%I.%I', ${schema}::text, wanted."table"), wanted."right")`);
  return rows.map(({ lacks }) => lacks);
}

type Rights = readonly (readonly [rights: string, tables: readonly string[]])[];

/** Claims, ends claims, records copies. */
const workerRights: Rights = [
  ["UPDATE", ["staging_job", "staging_item"]],
  ["INSERT, UPDATE", ["physical_copy", "location_room"]],
  ["INSERT", ["audit_event"]],
];

/** Takes requests, schedules, looks after the catalogue. */
const managerRights: Rights = [
  ...workerRights,
  [
    "INSERT, UPDATE",
    [
      ...["site", "data_location", "disk_data_location", "s3_data_location", "tape_data_location"],
      ...["instrument", "instrument_module", "executed_obs_unit"],
      ...["raw_data_package", "raw_data_package_metadata", "raw_data_file"],
      ...["staging_job", "staging_item", "broker_epoch", "package_waiver"],
    ],
  ],
];

async function grant(tx: Queryable, schema: string, role: string, rights: Rights): Promise<void> {
  await tx.query(sql`GRANT USAGE ON SCHEMA ${identifier(schema)} TO ${identifier(role)}`);
  await tx.query(sql`GRANT SELECT ON ALL TABLES IN SCHEMA ${identifier(schema)} TO ${identifier(role)}`);
  for (const [what, tables] of rights) {
    await tx.query(sql`GRANT ${raw(what)} ON ${join(tables.map(identifier))} TO ${identifier(role)}`);
  }
}

async function existingRoles(tx: Queryable, names: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(sql`
    SELECT rolname AS name FROM pg_roles WHERE rolname = ANY (${names})`);
  return rows.map(({ name }) => name);
}

async function mayCreateRoles(tx: Queryable): Promise<boolean> {
  const [row] = await tx.query<{ may: boolean }>(sql`
    SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user`);
  return row?.may === true;
}

function identifier(name: string): Sql {
  return raw(pg.escapeIdentifier(name));
}
