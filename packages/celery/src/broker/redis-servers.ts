import type { RedisConnectionOptions, RedisEndpoint } from "./redis-options.ts";
import type { RedisTlsOptions } from "./redis-tls.ts";
import { redisUrl } from "./redis-url.ts";

/** One server that may be connected to, complete. */
export interface RedisServer {
  host: string;
  port: number;
  db: number;
  username: string | undefined;
  password: string | undefined;
  tls: RedisTlsOptions | undefined;
  /** `host:port`, for sentences. */
  where: string;
}

/** Options with the URL read. */
export type ReadOptions = Omit<RedisConnectionOptions, "url"> & { servers: readonly [RedisServer, ...RedisServer[]] };

/**
 * Reads the URL, if there is one, and puts together what it says with the other options: these go first and hold for the
 * alternates too, as Celery's `broker_use_ssl` does; host and port are the first server's.
 *
 * @throws {RedisError} CDT-REDIS-URL
 */
export function readOptions({ url, ...options }: RedisConnectionOptions): ReadOptions {
  const said: RedisConnectionOptions = url === undefined ? {} : redisUrl(url, { use: "broker" });
  const { host = said.host, port = said.port } = options;
  const first = server({ ...said, host, port }, options);
  const others = [...(said.alternates ?? []), ...(options.alternates ?? [])].map((other) => server(other, options));
  return { ...said, ...given(options), servers: [first, ...others] };
}

function server(from: RedisEndpoint, over: RedisConnectionOptions): RedisServer {
  const { host = "localhost", port = 6379 } = from;
  const tls = from.tls || over.tls ? { ...from.tls, ...given(over.tls ?? {}) } : undefined;
  return {
    host,
    port,
    db: over.db ?? from.db ?? 0,
    username: over.username ?? from.username,
    password: over.password ?? from.password,
    tls,
    where: `${host.includes(":") ? `[${host}]` : host}:${port}`,
  };
}

/** Without what is undefined. */
function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
