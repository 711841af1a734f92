import sql from "sql-template-tag";
import type { Status } from "../model/status.ts";
import type { Queryable } from "./database.ts";

/** What the database knows of an item's attempts: enough to tell what one of them may have left behind. */
export interface AttemptStanding {
  itemId: number;
  status: Status;
  /** Number of the latest attempt; 0 before the first. */
  attempt: number;
  /** Seconds since an attempt last ended, by the database's clock; since the first began, where no end was noted. */
  secondsIdle: number;
}

/** Of the items that there are. */
export async function attemptStandings(q: Queryable, itemIds: readonly number[]): Promise<AttemptStanding[]> {
  return await q.query(sql`
    SELECT id AS "itemId", status, attempt,
           coalesce(extract(epoch FROM now() - coalesce(attempt_ended_at, started_at)), 0)::float8 AS "secondsIdle"
    FROM staging_item WHERE id = ANY (${itemIds}::bigint[])`);
}
