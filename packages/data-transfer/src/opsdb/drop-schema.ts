import sql, { raw } from "sql-template-tag";
import type { Database } from "./database.ts";

/** Removes our schema with all that is in it. For databases that are made for one occasion: the demo's, a test's. */
export async function dropSchema(db: Database): Promise<void> {
  await db.query(sql`DROP SCHEMA IF EXISTS ${raw(`"${db.schema.replaceAll('"', '""')}"`)} CASCADE`);
}
