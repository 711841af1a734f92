import sql, { raw, type Sql } from "sql-template-tag";
import { DatabaseForbidden, ForeignSchema, MigrationChanged, NotMigrated, SchemaNewer } from "../errors/database.ts";
import type { Database, Queryable } from "./database.ts";
import { latestVersion, type Migration, migrations } from "./migrations/migrations.ts";
import { type GrantedRoles, grantRoles, type RoleNames } from "./roles.ts";

/** Our tables. Any other in our schema is somebody else's. */
export const ownTables = [
  "site",
  "data_location",
  "disk_data_location",
  "s3_data_location",
  "tape_data_location",
  "instrument",
  "instrument_module",
  "executed_obs_unit",
  "raw_data_package",
  "raw_data_package_metadata",
  "raw_data_file",
  "physical_copy",
  "staging_job",
  "staging_item",
  "broker_epoch",
  "audit_event",
  "location_room",
  "package_waiver",
  "schema_migration",
] as const;

export interface MigrateResult {
  /** Names of the migrations that this call applied. */
  applied: string[];
  version: number;
  roles: GrantedRoles;
}

/**
 * Brings our schema up to date: each migration in a transaction of its own, under a lock, so that two may try at once.
 * Then gives the group roles their rights. Doing it again changes nothing.
 *
 * @throws ForeignSchema where somebody else's tables lie in our schema; nothing is touched then
 * @throws SchemaNewer, MigrationChanged
 */
export async function migrate(db: Database, options: { roles?: RoleNames } = {}): Promise<MigrateResult> {
  await db.transaction(async (tx) => {
    await lockMigrations(tx);
    await refuseForeignTables(tx, db.schema);
    await createLedger(tx, db.schema);
  });
  const applied: string[] = [];
  for (const migration of migrations) {
    await db.transaction(async (tx) => {
      await lockMigrations(tx);
      if (isApplied(migration, await appliedMigrations(tx), db.schema)) return;
      await tx.query(raw(migration.text));
      await tx.query(sql`
        INSERT INTO schema_migration (version, name, checksum)
        VALUES (${migration.version}, ${migration.name}, ${migration.checksum})`);
      applied.push(migration.name);
    });
  }
  await requireMigrated(db);
  const roles = await db.transaction(async (tx) => {
    await lockMigrations(tx);
    return await grantRoles(tx, db.schema, options.roles);
  });
  return { applied, version: latestVersion, roles };
}

export interface MigrationStatus {
  schema: string;
  /** 0 when the schema is not there, or holds nothing of ours. */
  version: number;
  latest: number;
  migrations: { version: number; name: string; appliedAt: string | undefined; changed: boolean }[];
  /** Tables in our schema that are not ours. */
  foreignTables: string[];
}

/** How far our schema is; changes nothing. */
export async function migrationStatus(db: Database): Promise<MigrationStatus> {
  const tables = await tablesIn(db, db.schema);
  const applied = tables.includes("schema_migration") ? await appliedMigrations(db) : [];
  return {
    schema: db.schema,
    version: Math.max(0, ...applied.map(({ version }) => version)),
    latest: latestVersion,
    migrations: migrations.map(({ version, name, checksum }) => {
      const found = applied.find((one) => one.version === version);
      return {
        version,
        name,
        appliedAt: found?.appliedAt,
        changed: found !== undefined && found.checksum !== checksum,
      };
    }),
    foreignTables: foreign(tables),
  };
}

/**
 * What every program asks before it works.
 *
 * @throws NotMigrated, SchemaNewer, MigrationChanged, DatabaseForbidden
 */
export async function requireMigrated(db: Database): Promise<void> {
  if (!(await tablesIn(db, db.schema)).includes("schema_migration")) {
    throw new NotMigrated(db.schema, "nothing of ours is in it yet", { found: 0, needed: latestVersion });
  }
  const applied = await appliedMigrations(db).catch((error: unknown) => {
    // It is there, and PostgreSQL says that it is not: so it does to whoever may not look into the schema.
    if (!(error instanceof NotMigrated)) throw error;
    throw new DatabaseForbidden(db.name, `it may not use schema ${db.schema}`, { cause: error });
  });
  const newest = Math.max(0, ...applied.map(({ version }) => version));
  if (newest > latestVersion) throw new SchemaNewer(db.schema, newest, latestVersion);
  for (const migration of migrations) {
    if (isApplied(migration, applied, db.schema)) continue;
    const what = `it is at version ${newest}, this release needs ${latestVersion}`;
    throw new NotMigrated(db.schema, what, { found: newest, needed: latestVersion });
  }
}

/** Runs all migrations in whatever schema the search_path names; for the comparison with a live one. */
export async function migrateUnrecorded(tx: Queryable): Promise<void> {
  await tx.query(ledger);
  for (const migration of migrations) await tx.query(raw(migration.text));
}

const ledger = sql`
  CREATE TABLE schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT current_user
  )`;

/** One database has one such lock: our migrations are short, and rare. A migration may take as long as it needs. */
async function lockMigrations(tx: Queryable): Promise<void> {
  await tx.query(sql`SET LOCAL statement_timeout = 0`);
  await tx.query(sql`SELECT pg_advisory_xact_lock(hashtext('ccat_data_transfer migrate'))`);
}

async function refuseForeignTables(tx: Queryable, schema: string): Promise<void> {
  const found = foreign(await tablesIn(tx, schema));
  if (found.length > 0) throw new ForeignSchema(schema, found);
  const tables = await tablesIn(tx, schema);
  if (tables.length > 0 && !tables.includes("schema_migration")) throw new ForeignSchema(schema, tables);
}

function foreign(tables: readonly string[]): string[] {
  const ours: readonly string[] = ownTables;
  return tables.filter((table) => !ours.includes(table));
}

/** Tables, views and their like: whatever takes a table's name. */
async function tablesIn(q: Queryable, schema: string): Promise<string[]> {
  const rows = await q.query<{ name: string }>(sql`
    SELECT c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY c.relname`);
  return rows.map(({ name }) => name);
}

async function createLedger(tx: Queryable, schema: string): Promise<void> {
  const [there] = await tx.query(sql`SELECT 1 FROM pg_namespace WHERE nspname = ${schema}`);
  if (!there) await tx.query(sql`CREATE SCHEMA ${identifier(schema)}`);
  if (!(await tablesIn(tx, schema)).includes("schema_migration")) await tx.query(ledger);
}

interface AppliedMigration {
  version: number;
  checksum: string;
  appliedAt: string;
}

async function appliedMigrations(q: Queryable): Promise<AppliedMigration[]> {
  return await q.query<AppliedMigration>(sql`
    SELECT version, checksum, applied_at AS "appliedAt" FROM schema_migration ORDER BY version`);
}

function isApplied(migration: Migration, applied: readonly AppliedMigration[], schema: string): boolean {
  const found = applied.find(({ version }) => version === migration.version);
  if (found && found.checksum !== migration.checksum) {
    throw new MigrationChanged(schema, `${migration.version} (${migration.name})`);
  }
  return found !== undefined;
}

/** For names that were checked when the database was opened. */
function identifier(name: string): Sql {
  return raw(`"${name}"`);
}
