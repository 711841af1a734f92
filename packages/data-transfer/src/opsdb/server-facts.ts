import sql from "sql-template-tag";
import type { Queryable } from "./database.ts";

/** What PostgreSQL says of itself and of this connection. */
export interface ServerFacts {
  /** `18.0` */
  version: string;
  user: string;
  /** Whether this connection is encrypted. */
  encrypted: boolean;
  /** By how many seconds its clock is ahead of ours, as exactly as the round trip lets us know. */
  ahead: number;
  /** Half a round trip, in seconds: the clocks may differ by so much without our knowing. */
  unsure: number;
}

/** @param now  our clock, in ms since 1970 */
export async function serverFacts(q: Queryable, now: () => number = Date.now): Promise<ServerFacts> {
  const asked = now();
  const [row] = await q.query<Omit<ServerFacts, "ahead" | "unsure"> & { clock: number }>(sql`
    SELECT current_setting('server_version') AS version, current_user AS "user",
           coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
           extract(epoch FROM clock_timestamp())::float8 AS clock`);
  const answered = now();
  const { clock, ...rest } = row!;
  return { ...rest, ahead: clock - (asked + answered) / 2000, unsure: (answered - asked) / 2000 };
}
