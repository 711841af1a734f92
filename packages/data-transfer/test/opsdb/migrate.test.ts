import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql, { raw } from "sql-template-tag";
import {
  DatabaseForbidden,
  ForeignSchema,
  MigrationChanged,
  NotMigrated,
  SchemaNewer,
} from "../../src/errors/database.ts";
import { type Database, openDatabase } from "../../src/opsdb/database.ts";
import { inspectSchema } from "../../src/opsdb/inspect-schema.ts";
import { upsertSite } from "../../src/opsdb/locations.ts";
import { migrate, migrationStatus, ownTables, requireMigrated } from "../../src/opsdb/migrate.ts";
import { latestVersion, migrations } from "../../src/opsdb/migrations/migrations.ts";
import { missing, quiet, schema, startDatabases, versions } from "./test-database.ts";

for (const version of versions) {
  suite(`migrations on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);
    const empty = async (t: { after(work: () => Promise<void>): void }, name: string): Promise<Database> => {
      await databases.server.createDatabase(name);
      const db = openDatabase(databases.options(name), quiet);
      t.after(() => db.close());
      return db;
    };

    test("an empty database says how to migrate it, is migrated once, and then is what the migrations make", async (t) => {
      const db = await empty(t, "fresh");
      await assert.rejects(requireMigrated(db), (error) => {
        assert.ok(error instanceof NotMigrated);
        assert.equal(error.help, "ccat_data_transfer db migrate");
        return true;
      });
      assert.equal((await migrationStatus(db)).version, 0);
      const first = await migrate(db);
      assert.deepEqual(
        first.applied,
        migrations.map(({ name }) => name),
      );
      assert.deepEqual((await migrate(db)).applied, []);
      await requireMigrated(db);
      const status = await migrationStatus(db);
      assert.equal(status.version, latestVersion);
      assert.ok(status.migrations.every(({ appliedAt, changed }) => appliedAt !== undefined && !changed));
      assert.deepEqual(await inspectSchema(db), []);
      const tables = await db.query<{ name: string }>(sql`
        SELECT tablename AS name FROM pg_tables WHERE schemaname = ${schema}`);
      assert.deepEqual(tables.map(({ name }) => name).sort(), [...ownTables].sort());
    });

    test("several that migrate at once do it once", async (t) => {
      const db = await empty(t, "together");
      const results = await Promise.all([migrate(db), migrate(db), migrate(db)]);
      assert.deepEqual(results.flatMap(({ applied }) => applied).sort(), migrations.map(({ name }) => name).sort());
      await requireMigrated(db);
    });

    test("somebody else's tables are refused and left alone", async (t) => {
      const db = await empty(t, "theirs");
      await db.query(sql`CREATE SCHEMA ${raw(schema)}`);
      await db.query(sql`CREATE TABLE alembic_version (version_num text)`);
      await assert.rejects(migrate(db), (error) => {
        assert.ok(error instanceof ForeignSchema);
        assert.match(error.message, /alembic_version/);
        return true;
      });
      assert.deepEqual((await migrationStatus(db)).foreignTables, ["alembic_version"]);
      const tables = await db.query<{ name: string }>(
        sql`SELECT tablename AS name FROM pg_tables WHERE schemaname = ${schema}`,
      );
      assert.deepEqual(tables, [{ name: "alembic_version" }]);
    });

    test("tables named like ours that we did not make are foreign too", async (t) => {
      const db = await empty(t, "namesakes");
      await db.query(sql`CREATE SCHEMA ${raw(schema)}`);
      await db.query(sql`CREATE TABLE raw_data_package (id int)`);
      await assert.rejects(migrate(db), ForeignSchema);
    });

    test("somebody else's schema beside ours does no harm", async (t) => {
      const db = await empty(t, "neighbours");
      await db.query(sql`CREATE TABLE public.alembic_version (version_num text)`);
      await migrate(db);
      assert.deepEqual(await inspectSchema(db), []);
    });

    test("a later release's schema, and a migration that says something else now, are noticed", async (t) => {
      const db = await databases.open(t);
      await db.query(
        sql`INSERT INTO schema_migration (version, name, checksum) VALUES (${latestVersion + 1}, 'new', '-')`,
      );
      await assert.rejects(requireMigrated(db), SchemaNewer);
      await db.query(sql`DELETE FROM schema_migration WHERE version > ${latestVersion}`);
      await db.query(sql`UPDATE schema_migration SET checksum = 'other' WHERE version = 1`);
      await assert.rejects(requireMigrated(db), MigrationChanged);
      await assert.rejects(migrate(db), MigrationChanged);
      await db.query(sql`DELETE FROM schema_migration WHERE version = ${latestVersion}`);
    });

    test("what was changed by hand is listed", async (t) => {
      const db = await databases.open(t);
      await db.query(sql`DROP INDEX staging_item_pending`);
      await db.query(sql`ALTER TABLE site ADD COLUMN note text`);
      await db.query(sql`ALTER TABLE instrument ALTER COLUMN name TYPE varchar(10)`);
      await db.query(sql`ALTER TABLE staging_item DROP CONSTRAINT staging_item_status_is_known`);
      await db.query(sql`DROP TRIGGER audit_event_is_append_only ON audit_event`);
      await db.query(sql`CREATE TABLE scratch (id int)`);
      const found = (await inspectSchema(db)).map(({ kind, object }) => `${kind} ${object}`);
      assert.deepEqual(found.sort(), [
        "different column instrument.name",
        "extra column scratch.id",
        "extra column site.note",
        "extra table scratch",
        "missing constraint staging_item.staging_item_status_is_known",
        "missing index staging_item_pending",
        "missing trigger audit_event.audit_event_is_append_only",
      ]);
    });

    test("a migration that fails leaves nothing of itself behind", async (t) => {
      const db = await empty(t, "half");
      await db.query(sql`CREATE ROLE helpless LOGIN PASSWORD 'x'`);
      const helpless = openDatabase({ ...databases.options("half"), user: "helpless", password: "x" }, quiet);
      t.after(() => helpless.close());
      await assert.rejects(migrate(helpless), DatabaseForbidden);
      assert.equal((await migrationStatus(db)).version, 0);
      await migrate(db);
    });

    test("the group roles can do their work and no more", async (t) => {
      const db = await empty(t, "guarded");
      const roles = { manager: "r_manager", worker: "r_worker", reader: "r_reader" };
      assert.deepEqual((await migrate(db, { roles })).roles, {
        created: ["r_manager", "r_worker", "r_reader"],
        granted: ["r_manager", "r_worker", "r_reader"],
        missing: [],
      });
      await upsertSite(db, { name: "Cologne", shortName: "cologne", location: "" });
      const as = async (role: string) => {
        await db.query(sql`CREATE ROLE ${raw(`${role}_login`)} LOGIN PASSWORD 'secret' IN ROLE ${raw(role)}`);
        const login = openDatabase(
          { ...databases.options("guarded"), user: `${role}_login`, password: "secret" },
          quiet,
        );
        t.after(() => login.close());
        return login;
      };
      for (const role of Object.values(roles)) {
        const login = await as(role);
        assert.equal((await login.query(sql`SELECT * FROM site`)).length, 1);
        for (const forbidden of [
          sql`DROP TABLE staging_item`,
          sql`CREATE TABLE mine (id int)`,
          sql`ALTER TABLE site ADD COLUMN note text`,
          sql`UPDATE audit_event SET actor = 'nobody'`,
          sql`DELETE FROM audit_event`,
          sql`TRUNCATE audit_event`,
          sql`DELETE FROM staging_job`,
          sql`UPDATE schema_migration SET version = 0`,
        ]) {
          await assert.rejects(login.query(forbidden), DatabaseForbidden, `${role}: ${forbidden.text}`);
        }
        const note = login.query(sql`INSERT INTO audit_event (actor, action, subject) VALUES ('a', 'b', 'c')`);
        if (role === roles.reader) await assert.rejects(note, DatabaseForbidden);
        else await note;
      }
      assert.deepEqual((await migrate(db, { roles })).roles.created, []);
    });
  });
}

test("what a migration says is settled: change these only together with a release's first migration", () => {
  assert.deepEqual(
    migrations.map(({ version, name, checksum }) => `${version} ${name} ${checksum.slice(0, 16)}`),
    [
      ...["1 catalogue 756ca5062edf101c", "2 staging 427342e194054624", "3 state_rules e62d4ed292d1c170"],
      ...["4 room 5f4ad82a2d64034b", "5 waivers 3f0864184f4f9258", "6 copies_in_bulk 3b9bd2c35551704f"],
    ],
  );
});
