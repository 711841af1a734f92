import { readFile } from "node:fs/promises";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import type pg from "pg";
import { DatabaseTls } from "../errors/database.ts";
import { valueTypes } from "./value-types.ts";

/** TLS as libpq names its modes. */
export const sslModes = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

export interface DatabaseOptions {
  /** A host name, an address, or the absolute path of the folder with the server's socket. */
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string | undefined;
  /** The schema that is ours alone. */
  schema: string;
  sslMode?: SslMode;
  /** PEM files; read anew for every connection, so that renewed ones are picked up without a restart. */
  sslRootCert?: string | undefined;
  sslCert?: string | undefined;
  sslKey?: string | undefined;
  /** The name that the server's certificate must carry, where it differs from `host`. */
  sslServerName?: string | undefined;
  /** Connections at a time, without the one that a `listen` holds. */
  poolSize?: number;
  connectTimeoutMs?: number;
  /**
   * The server gives up a statement after this time, and a transaction in which it hears nothing of us for as long; we give
   * up the connection 5 s later.
   */
  statementTimeoutMs?: number;
  applicationName?: string;
}

/** For logs and errors: where we connect to, without a secret. */
export function describeDatabase(options: DatabaseOptions): string {
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return `${host}:${options.port}/${options.database}`;
}

/** @throws RangeError when the schema's name would have to be quoted */
export function checkSchemaName(schema: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith("pg_")) {
    throw new RangeError(`${JSON.stringify(schema)} cannot be a schema's name: a-z, 0-9 and _ only, no leading digit`);
  }
  return schema;
}

/**
 * What `pg` needs to connect.
 *
 * @param tls  the socket's TLS options from {@link readTls}, or false
 */
export function clientConfig(options: DatabaseOptions, tls: ConnectionOptions | false): pg.ClientConfig {
  const statementTimeout = options.statementTimeoutMs ?? 30_000;
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    ...(options.password !== undefined && { password: options.password }),
    ssl: tls,
    enableChannelBinding: true,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    query_timeout: statementTimeout + 5000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: options.applicationName ?? "ccat_data_transfer",
    // As start-up parameters these hold from a connection's first statement on, and RESET goes back to them. A machine that
    // is gone in the middle of a transaction would otherwise keep the rows that it had locked for hours.
    options: [
      `-c search_path=${checkSchemaName(options.schema)} -c statement_timeout=${statementTimeout}`,
      `-c idle_in_transaction_session_timeout=${statementTimeout} -c TimeZone=UTC -c DateStyle=ISO`,
    ].join(" "),
    types: valueTypes,
  } as pg.ClientConfig;
}

/**
 * TLS for one connection, or false for a connection without.
 *
 * @throws DatabaseTls when one of the files cannot be read
 */
export async function readTls(options: DatabaseOptions): Promise<ConnectionOptions | false> {
  const mode = options.sslMode ?? "prefer";
  if (mode === "disable" || options.host.startsWith("/")) return false;
  const [ca, cert, key] = await Promise.all([
    readPem(options, options.sslRootCert),
    readPem(options, options.sslCert),
    readPem(options, options.sslKey),
  ]);
  // As libpq has it: "require" with a root certificate checks against it, as "verify-ca" does.
  const trust = mode === "verify-ca" || mode === "verify-full" || (mode === "require" && ca !== undefined);
  const expected = options.sslServerName ?? options.host;
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    rejectUnauthorized: trust,
    checkServerIdentity: (_host, certificate) =>
      mode === "verify-full" ? checkServerIdentity(expected, certificate) : undefined,
  };
}

async function readPem(options: DatabaseOptions, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    const problem = `cannot read ${path} (${(cause as NodeJS.ErrnoException).code})`;
    throw new DatabaseTls(describeDatabase(options), "unreadable_file", problem, { cause });
  }
}
