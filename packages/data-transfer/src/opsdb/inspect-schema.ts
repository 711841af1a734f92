import { randomBytes } from "node:crypto";
import sql, { raw } from "sql-template-tag";
import type { Database, Queryable } from "./database.ts";
import { migrateUnrecorded } from "./migrate.ts";

export interface SchemaDifference {
  kind: "missing" | "extra" | "different";
  /** `column staging_item.reason`, `index staging_item_pending` and the like. */
  object: string;
  expected: string | undefined;
  found: string | undefined;
}

/**
 * Compares the live schema with what the migrations make: they run once more, in a schema of their own and in a
 * transaction that is rolled back. The user must be allowed to create schemas.
 */
export async function inspectSchema(db: Database): Promise<SchemaDifference[]> {
  const found = await db.transaction((tx) => describeSchema(tx, db.schema));
  const expected = await describeMigrated(db);
  return [...new Set([...expected.keys(), ...found.keys()])].sort().flatMap((object) => {
    const want = expected.get(object);
    const have = found.get(object);
    if (want === have) return [];
    const kind = have === undefined ? "missing" : want === undefined ? "extra" : "different";
    return [{ kind, object, expected: want, found: have }];
  });
}

async function describeMigrated(db: Database): Promise<Map<string, string>> {
  const schema = `cdt_inspect_${randomBytes(8).toString("hex")}`;
  let described = new Map<string, string>();
  const rollBack = new Error("rolled back on purpose");
  try {
    await db.transaction(async (tx) => {
      await tx.query(sql`CREATE SCHEMA ${raw(schema)}`);
      await tx.query(sql`SET LOCAL search_path = ${raw(schema)}`);
      await migrateUnrecorded(tx);
      described = await describeSchema(tx, schema);
      throw rollBack;
    });
  } catch (error) {
    if (error !== rollBack) throw error;
  }
  return described;
}

/** Everything that a migration can make, as PostgreSQL itself writes it; names in `schema` come out unqualified. */
async function describeSchema(tx: Queryable, schema: string): Promise<Map<string, string>> {
  const rows = await tx.query<{ object: string; definition: string }>(sql`
    WITH tables AS (
      SELECT c.oid, c.relname FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ${schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    )
    SELECT 'table ' || relname AS object, '' AS definition FROM tables
    UNION ALL
    SELECT 'column ' || t.relname || '.' || a.attname,
           format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
           || CASE a.attidentity WHEN '' THEN '' ELSE ' identity' END
           || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid, true), '')
    FROM tables t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
    UNION ALL
    -- PostgreSQL 18 lists NOT NULL here too (contype n); the column says it already.
    SELECT 'constraint ' || t.relname || '.' || k.conname, pg_get_constraintdef(k.oid, true)
    FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT 'index ' || c.relname, pg_get_indexdef(i.indexrelid, 0, true)
    FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
    UNION ALL
    SELECT 'trigger ' || t.relname || '.' || g.tgname,
           pg_get_triggerdef(g.oid, true) || CASE g.tgenabled WHEN 'O' THEN '' ELSE ' (disabled)' END
    FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    UNION ALL
    SELECT 'function ' || p.proname, p.prosrc
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ${schema}`);
  return new Map(rows.map(({ object, definition }) => [object, definition]));
}
