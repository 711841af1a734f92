import { join } from "node:path";
import type { Logger } from "pino";
import { type DemoDatabase, startDemoDatabase } from "../demo/embedded-postgres.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../opsdb/database.ts";
import type { Settings } from "../settings/settings.ts";
import { attemptTimeout, keepTrying } from "./keep-trying.ts";

/**
 * A database that answers. It is tried, visibly, for `startup_timeout`; what only a person can mend is thrown at once.
 *
 * @throws any of errors/database.ts, or the signal's reason
 */
export async function connectDatabase(settings: Settings, log: Logger, signal: AbortSignal): Promise<Database> {
  const demo =
    settings.environment === "demo" ? await startDemoDatabase(join(settings.demo.directory, "postgres")) : undefined;
  const database = withEnd(openDatabase({ ...databaseOptions(settings), ...demo?.options }, log), demo);
  const waiting = { what: `PostgreSQL at ${database.name}`, timeout: settings.startupTimeout, log, signal };
  try {
    await keepTrying(waiting, () => database.ping());
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The demo's server ends with the last command that uses it. */
function withEnd(database: Database, demo: DemoDatabase | undefined): Database {
  if (demo === undefined) return database;
  return {
    ...database,
    async close() {
      await database.close();
      await demo.stop();
    },
  };
}

/** The settings as the database wants them. */
export function databaseOptions({ database, startupTimeout }: Settings): DatabaseOptions {
  return {
    host: database.host,
    port: database.port,
    database: database.name,
    user: database.user,
    password: database.password?.reveal(),
    schema: database.schema,
    sslMode: database.sslmode,
    sslRootCert: database.sslrootcert,
    sslCert: database.sslcert,
    sslKey: database.sslkey,
    sslServerName: database.serverName,
    poolSize: database.poolSize,
    connectTimeoutMs: attemptTimeout(database.connectTimeout, startupTimeout),
    statementTimeoutMs: database.statementTimeout * 1000,
  };
}
