import type { Logger } from "pino";
import type { RedisError } from "./redis-errors.ts";
import type { RedisTlsOptions } from "./redis-tls.ts";

/** Where a Redis is, and how to prove who is who. Shared by the broker and the result store. */
export interface RedisConnectionOptions {
  /** A Celery URL, or a `;` list of them (see `redisUrl`). What is given besides, but host and port, goes before what it says. */
  url?: string | undefined;
  /** localhost by default. */
  host?: string | undefined;
  /** 6379 by default. */
  port?: number | undefined;
  /** Number of the database; 0 by default. */
  db?: number | undefined;
  username?: string | undefined;
  password?: string | undefined;
  /** Name shown by `CLIENT LIST`. */
  clientName?: string | undefined;
  /** Absent: plain TCP. `{}`: TLS with the authorities that Node and the system trust. */
  tls?: RedisTlsOptions | undefined;
  /** Servers that are tried in turn when the first cannot be used (Celery's `alternates`). */
  alternates?: readonly RedisEndpoint[] | undefined;
  /** Time for one connection attempt, in ms; 10,000 by default. After a loss, a silent attempt is given up sooner and repeated. */
  connectTimeout?: number | undefined;
  /** A server that answers nothing for this time, in ms, is taken for gone; 6,000 by default. */
  answerTimeout?: number | undefined;
  /** Told what does no harm yet: renewed certificate files that cannot be used. Once for each change of their content. */
  onWarning?: ((warning: RedisError) => void) | undefined;
  /** Gets the same warnings, and what was put right. With neither, warnings are Node's (`process.emitWarning`). */
  log?: Pick<Logger, "info" | "warn"> | undefined;
}

/** One server, as one URL says it. */
export type RedisEndpoint = Pick<RedisConnectionOptions, "host" | "port" | "db" | "username" | "password" | "tls">;
