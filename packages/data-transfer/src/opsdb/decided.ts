import { CommitUnknown } from "../errors/database.ts";
import type { Database, Queryable } from "./database.ts";

/**
 * A transaction that may be done twice. A commit whose answer was lost is looked up by doing the same again: it finds what
 * the first one did, or does it.
 */
export async function decided<T>(db: Database, work: (tx: Queryable) => Promise<T>): Promise<T> {
  try {
    return await db.transaction(work);
  } catch (error) {
    if (!(error instanceof CommitUnknown)) throw error;
    return await db.transaction(work);
  }
}
