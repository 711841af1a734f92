import { after } from "node:test";
import { pino } from "pino";
import { startPostgres, type TestPostgres } from "../../../../testing/postgres.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../../src/opsdb/database.ts";
import { migrate } from "../../src/opsdb/migrate.ts";

export const quiet = pino({ level: "silent" });
export const schema = "ccat_data_transfer";

/** One server for a test file; each test gets a migrated database of its own, copied from a template. */
export interface TestDatabases {
  server: TestPostgres;
  /** A migrated database, open; closed when the scope ends. */
  open(scope: Scope, options?: Partial<DatabaseOptions>): Promise<Database>;
  /** How to open one more database of the same kind. */
  options(database: string): DatabaseOptions;
}

export async function startDatabases(version: 15 | 18): Promise<TestDatabases> {
  const server = await startPostgres({ after }, { version });
  const options = (database: string): DatabaseOptions => ({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database,
    schema,
    sslMode: "disable",
  });
  await server.createDatabase("template");
  const template = openDatabase(options("template"), quiet);
  await migrate(template);
  await template.close();
  let count = 0;
  return {
    server,
    options,
    async open(scope, more = {}) {
      const database = more.database ?? (await server.createDatabase(`test_${++count}`, "template"));
      const db = openDatabase({ ...options(database), ...more }, quiet);
      scope.after(() => db.close());
      return db;
    },
  };
}

/** The versions that the core of the suite runs on. */
export const versions = [15, 18] as const;

/** For a suite's options: why it cannot run here, or false. Version 18 comes with npm. */
export function missing(version: 15 | 18): { skip: false | string } {
  return { skip: version === 15 && without("postgresql-15") };
}
