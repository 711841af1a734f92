import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Logger } from "pino";
import sql, { type Sql } from "sql-template-tag";
import { CommitUnknown, DatabaseReadOnly } from "../errors/database.ts";
import { clientConfig, type DatabaseOptions, describeDatabase, readTls } from "./database-options.ts";
import { type Listener, startListener } from "./listener.ts";
import { answerWasLost, isTlsNotOffered, translateError } from "./translate-error.ts";
import { withoutNulls } from "./value-types.ts";

export type { DatabaseOptions } from "./database-options.ts";

/** What answers queries: the database itself, or a transaction in it. */
export interface Queryable {
  query<T>(statement: Sql): Promise<T[]>;
}

/** What runs between BEGIN and COMMIT. */
export interface Transaction extends Queryable {
  /**
   * Sends rows by COPY, which is how many rows get into a table soonest.
   *
   * @param target  `table (columns)`
   * @param lines  rows in COPY's text format, each ended by a line feed; a piece may hold several
   */
  copyIn(target: string, lines: Iterable<string>): Promise<void>;
}

/**
 * Our schema in PostgreSQL. Whatever it throws is one of the classes in errors/database.ts.
 */
export interface Database extends Queryable {
  readonly schema: string;
  /** host:port/name, for logs. */
  readonly name: string;
  /**
   * Runs `work` between BEGIN and COMMIT; a throw rolls back.
   *
   * @throws CommitUnknown when the connection broke while COMMIT's answer was awaited
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Hears NOTIFY on a connection of its own, which it makes anew when it breaks. After that `handler` is called once
   * with `undefined`: a notification may have been missed.
   */
  listen(channel: string, handler: (payload: string | undefined) => void): Promise<Listener>;
  /** @throws DatabaseUnreachable and its like; DatabaseReadOnly on a server that takes no writes */
  ping(): Promise<void>;
  /** Waits for what runs; later calls of `query` fail. */
  close(): Promise<void>;
}

const closeWithinMs = 5000;

/**
 * A pool of connections; the first is made when it is needed.
 *
 * @throws RangeError when the schema's name is none
 */
export function openDatabase(options: DatabaseOptions, log: Logger): Database {
  const name = describeDatabase(options);
  let tls: ConnectionOptions | false = false;
  /** Under sslmode "prefer": the server said that it has no TLS. */
  let plain = false;

  class Connection extends pg.Client {
    constructor() {
      super(clientConfig(options, tls && { ...tls }));
    }
  }
  clientConfig(options, false);
  const pool = new pg.Pool({
    Client: Connection as typeof pg.Client,
    max: options.poolSize ?? 5,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 60_000,
  });
  /** How often a connection was found dead. What killed it may have killed those that lay idle, and they do not know. */
  let deaths = 0;
  /** Of a connection that lies idle: how many deaths were known when it had last answered. */
  const deathsThen = new WeakMap<pg.PoolClient, number>();
  let closing = false;
  pool.on("error", (error) => {
    deaths += 1;
    // The pool says goodbye without waiting for the answer: a server that stops then is no news.
    if (!closing) log.warn({ err: error, database: name }, "an idle database connection broke");
  });

  const listeners = new Set<Listener>();

  return {
    schema: options.schema,
    name,
    query: (statement) => withConnection((client) => rowsOf(client, statement)),
    transaction: (work) => withConnection((client) => inTransaction(client, work)),
    async listen(channel, handler) {
      const connect = async () => {
        const client = new pg.Client(clientConfig(options, plain ? false : await readTls(options)));
        client.on("error", () => {});
        await client.connect();
        return client;
      };
      // One query first: it settles under "prefer" whether the server has TLS, and fails with a translated error.
      await this.query(sql`SELECT 1`);
      const listener = await startListener({ connect, channel, handler, log, name });
      listeners.add(listener);
      return {
        async stop() {
          listeners.delete(listener);
          await listener.stop();
        },
      };
    },
    async ping() {
      const [answer] = await this.query<{ readOnly: boolean }>(sql`
        SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS "readOnly"`);
      if (answer?.readOnly) throw new DatabaseReadOnly(name);
    },
    async close() {
      closing = true;
      await Promise.all([...listeners].map((listener) => listener.stop()));
      // A connection into a network that swallows packets never says goodbye.
      await Promise.race([pool.end(), wait(closeWithinMs, undefined, { ref: false })]);
    },
  };

  async function withConnection<T>(work: (client: Connected) => Promise<T>): Promise<T> {
    const client = await connect();
    const translated = async <A>(ask: () => Promise<A>): Promise<A> => {
      try {
        return await ask();
      } catch (error) {
        connected.broken ||= answerWasLost(error);
        throw translateError(error, options);
      }
    };
    const connected: Connected = {
      broken: false,
      send: (statement) => translated(() => client.query<Record<string, unknown>>(statement)),
      copyIn: (target, lines) =>
        translated(() => pipeline(Readable.from(lines), client.query(copyFrom(`COPY ${target} FROM STDIN`)))),
    };
    // A connection that dies while we hold it says so here; the statement under way, or the next one, fails as well.
    const noteBreak = () => {
      connected.broken = true;
    };
    client.on("error", noteBreak);
    try {
      return await work(connected);
    } finally {
      client.off("error", noteBreak);
      if (connected.broken) deaths += 1;
      deathsThen.set(client, deaths);
      client.release(connected.broken);
    }
  }

  async function connect(): Promise<pg.PoolClient> {
    try {
      tls = plain ? false : await readTls(options);
      for (;;) {
        const client = await pool.connect();
        if ((deathsThen.get(client) ?? deaths) === deaths) return client;
        // Over a network that swallows packets each of them would cost a statement's whole time limit, one after the other.
        client.release(true);
      }
    } catch (error) {
      if ((options.sslMode ?? "prefer") !== "prefer" || plain || !isTlsNotOffered(error)) {
        throw translateError(error, options);
      }
      plain = true;
      return await connect();
    }
  }

  async function inTransaction<T>(client: Connected, work: (tx: Transaction) => Promise<T>): Promise<T> {
    await client.send({ text: "BEGIN" });
    let result: T;
    try {
      result = await work({ query: (statement) => rowsOf(client, statement), copyIn: client.copyIn });
    } catch (error) {
      if (!client.broken) await client.send({ text: "ROLLBACK" }).catch(() => {});
      throw error;
    }
    try {
      await client.send({ text: "COMMIT" });
    } catch (error) {
      if (client.broken) throw new CommitUnknown(name, { cause: error });
      throw error;
    }
    return result;
  }
}

/** A connection in our hands; what it throws is translated. */
interface Connected {
  /** It is not to be used again. */
  broken: boolean;
  send(statement: { text: string; values?: unknown[] }): Promise<pg.QueryResult<Record<string, unknown>>>;
  copyIn: Transaction["copyIn"];
}

async function rowsOf<T>(client: Connected, statement: Sql): Promise<T[]> {
  const answer = await client.send({ text: statement.text, values: statement.values });
  // Several statements in one text, as a migration has them, give several answers; nobody reads those.
  return Array.isArray(answer) ? [] : withoutNulls<T>(answer.rows);
}
