import pg from "pg";
import type { TestPostgres } from "../../../../../testing/postgres.ts";
import type { Scope } from "../../../../../testing/scope.ts";
import { migrations } from "../../../src/opsdb/migrations/migrations.ts";
import { valueTypes } from "../../../src/opsdb/value-types.ts";

/** A real PostgreSQL whose clock and whose uuids come from outside, as the simulated one's do. */
export interface RealPostgres {
  /** A connection of its own. */
  session(): Promise<RealSession>;
  /** Empty tables, identities from 1. */
  clear(): Promise<void>;
  columns(): Promise<{ table: string; name: string; type: string }[]>;
}

export interface RealSession {
  /** What now() and clock_timestamp() say, in ms since 1970, for all that follows. */
  setClock(ms: number, moment: number): Promise<void>;
  /** Rows, or the error's SQLSTATE. */
  ask(text: string, values: readonly unknown[]): Promise<RealAnswer>;
  /** Whether what it was asked last waits for a lock. */
  isWaiting(): Promise<boolean>;
  /** Gives the statement up that waits, as its time limit would. */
  cancel(): Promise<void>;
  /** Its client is gone. */
  kill(): Promise<void>;
}

export type RealAnswer = { rows: Record<string, unknown>[] } | { failed: string };

const schema = "ours";

/** `now()` and `gen_random_uuid()` of the schema `clock` are found before the server's own. */
const searchPath = `${schema},clock,pg_catalog`;

export async function realPostgres(scope: Scope, server: TestPostgres): Promise<RealPostgres> {
  const admin = await connect(scope, server);
  await admin.query(`
    CREATE SCHEMA clock;
    CREATE SCHEMA ${schema};
    CREATE SEQUENCE clock.uuids;
    CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS
      $$ SELECT to_timestamp(current_setting('simulated.clock')::double precision / 1000) $$;
    CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
      $$ SELECT to_timestamp(current_setting('simulated.moment')::double precision / 1000) $$;
    CREATE FUNCTION clock.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE AS
      $$ SELECT ('00000000-0000-4000-8000-' || lpad(nextval('clock.uuids')::text, 12, '0'))::uuid $$;
    SELECT set_config('simulated.clock', '0', false), set_config('simulated.moment', '0', false);`);
  for (const { text } of migrations) await admin.query(text);
  const { rows: tables } = await admin.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1",
    [schema],
  );
  // Nothing may be taken out of the audit trail: the table is emptied with its triggers off.
  const names = tables.map(({ name }) => name).join(", ");

  return {
    async clear() {
      await admin.query("SET session_replication_role = replica");
      await admin.query(`TRUNCATE ${names} RESTART IDENTITY CASCADE; ALTER SEQUENCE clock.uuids RESTART`);
      await admin.query("SET session_replication_role = origin");
    },
    async columns() {
      const { rows } = await admin.query(
        `SELECT table_name AS "table", column_name AS name, udt_name AS type FROM information_schema.columns
         WHERE table_schema = $1 ORDER BY table_name, ordinal_position`,
        [schema],
      );
      return rows as { table: string; name: string; type: string }[];
    },
    async session() {
      const client = await connect(scope, server);
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      const { pid } = rows[0]!;
      let isBusy = false;
      return {
        async setClock(ms, moment) {
          const set = "SELECT set_config('simulated.clock', $1, false), set_config('simulated.moment', $2, false)";
          await client.query(set, [String(ms), String(moment)]).catch((error) => {
            // Within a transaction that has failed nothing is looked at any more.
            if (error.code !== "25P02") throw error;
          });
        },
        async ask(text, values) {
          isBusy = true;
          try {
            const answer = await client.query(text, values as unknown[]);
            return { rows: Array.isArray(answer) ? [] : answer.rows };
          } catch (error) {
            return { failed: (error as pg.DatabaseError).code ?? String(error) };
          } finally {
            isBusy = false;
          }
        },
        async isWaiting() {
          const found = await admin.query(
            "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND wait_event_type = 'Lock'",
            [pid],
          );
          return found.rows.length > 0;
        },
        async cancel() {
          await admin.query("SELECT pg_cancel_backend($1)", [pid]);
        },
        async kill() {
          // What waits for a lock would hear of its client's end only afterwards. 20 s at most.
          if (isBusy) await admin.query("SELECT pg_terminate_backend($1, 20000)", [pid]);
          await client.end();
        },
      };
    },
  };
}

async function connect(scope: Scope, server: TestPostgres): Promise<pg.Client> {
  const client = new pg.Client({
    ...server.options(),
    options: `-c search_path=${searchPath} -c TimeZone=UTC -c DateStyle=ISO`,
    types: valueTypes,
  });
  await client.connect();
  client.on("error", () => {});
  scope.after(() => client.end());
  return client;
}
