import type { Database } from "../opsdb/database.ts";
import { requireMigrated } from "../opsdb/migrate.ts";
import type { CommandContext } from "./command.ts";
import { connectDatabase } from "./connect-database.ts";

/**
 * Does something with the database and closes it whatever happens.
 *
 * @param options.migrated  whether the schema must be up to date; true by default
 * @throws NotMigrated and its like, and whatever `work` throws
 */
export async function withDatabase<T>(
  { settings, log, signal }: Pick<CommandContext, "settings" | "log" | "signal">,
  work: (database: Database) => Promise<T>,
  { migrated = true } = {},
): Promise<T> {
  const database = await connectDatabase(settings, log, signal);
  try {
    if (migrated) await requireMigrated(database);
    return await work(database);
  } finally {
    await database.close();
  }
}
