import { existsSync } from "node:fs";
import type { Database } from "../../src/opsdb/database.ts";

/**
 * A database that lets something happen once: just before the first transaction after a package has become visible, which
 * is the one that records it.
 *
 * @param directory  where the package becomes visible
 */
export function betweenRenameAndRecord(db: Database, directory: string, happens: () => Promise<void>): Database {
  let happened = false;
  return {
    ...db,
    async transaction(work) {
      if (!happened && existsSync(directory)) {
        happened = true;
        await happens();
      }
      return await db.transaction(work);
    },
  };
}
