import { RedisError } from "./redis-errors.ts";
import type { RedisConnectionOptions, RedisEndpoint } from "./redis-options.ts";
import { type RedisTlsOptions, tlsFromSslOptions } from "./redis-tls.ts";

/** Celery has one rule for broker URLs and another for those of result backends. */
export interface UrlUse {
  use: "broker" | "backend";
}

/**
 * Reads a Celery URL: `redis[s]://[user:password@]host[:port][/db]`, with what is percent-encoded decoded, and for
 * `rediss` the options `ssl_cert_reqs` (`CERT_REQUIRED`, `required`, ...), `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile` and
 * `ssl_check_hostname`. A `rediss` URL without `ssl_cert_reqs` demands a good certificate, where kombu takes any.
 *
 * As a broker it may be a list joined by `;`: the others are tried in turn when one cannot be used. A backend's `rediss`
 * URL must say `ssl_cert_reqs`, as Celery's backend demands. redis-py's options about its sockets are understood or, where
 * they say nothing here, passed over.
 *
 * Facts: kombu/utils/url.py, kombu/connection.py and celery/backends/redis.py of 5.6.
 *
 * @throws {RedisError} CDT-REDIS-URL, with a sentence that never shows a password
 */
export function redisUrl(text: string, { use }: UrlUse): RedisConnectionOptions {
  const parts = text.split(";").filter((part) => part.trim() !== "");
  if (parts.length > 1 && use === "backend") {
    throw new RedisError("url", "a result backend is one URL; a list of them is understood for brokers only");
  }
  const [first, ...others] = parts.map((part) => readUrl(part.trim(), use));
  if (!first) throw new RedisError("url", `the ${use}'s URL is empty; redis://host:port/db is spoken here`);
  const alternates = others.map(({ host, port, db, username, password, tls }) => {
    return { host, port, db, username, password, tls } satisfies RedisEndpoint;
  });
  return { ...first, ...(alternates.length > 0 && { alternates }) };
}

function readUrl(text: string, use: UrlUse["use"]): RedisConnectionOptions {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== "redis" && scheme !== "rediss") throw new RedisError("url", refusal(scheme, use));
  const url = URL.parse(text);
  if (!url) {
    throw new RedisError(
      "url",
      `the ${use}'s ${scheme}:// URL cannot be read; are special characters of the password percent-encoded?`,
    );
  }
  const host = decode(url.hostname, use).replace(/^\[(.*)\]$/, "$1") || "localhost";
  const which = `the ${use}'s ${scheme}:// URL for ${host}`;
  const { tls, ...socket } = readQuery(url.searchParams, scheme, which, use);
  return {
    host,
    port: url.port === "" ? 6379 : Number(url.port),
    db: database(decode(url.pathname, use).replace(/^\/+|\/+$/g, ""), which),
    username: decode(url.username, use) || undefined,
    password: decode(url.password, use) || undefined,
    tls,
    ...socket,
  };
}

function refusal(scheme: string | undefined, use: string): string {
  const spoken = "redis:// and rediss:// are spoken here";
  if (scheme === undefined) return `the ${use}'s URL does not begin with a scheme; ${spoken}`;
  if (scheme.includes("sentinel")) return `Redis Sentinel (${scheme}://) is not spoken; ${spoken}, to one primary`;
  if (scheme.includes("cluster")) {
    return `Redis Cluster (${scheme}://) is not spoken: the keys of one queue would lie on several nodes; ${spoken}`;
  }
  if (scheme === "socket" || scheme.endsWith("socket")) return `Unix sockets (${scheme}://) are not spoken; ${spoken}`;
  return `the ${use}'s ${scheme}:// is not spoken; ${spoken}`;
}

/** As Python's `unquote`: a percent sign that begins no escape stays what it is. */
function decode(text: string, use: string): string {
  try {
    return text.replace(/(%[0-9a-f]{2})+/gi, decodeURIComponent);
  } catch {
    throw new RedisError("url", `the ${use}'s URL is percent-encoded in something that is not UTF-8`);
  }
}

function database(text: string, which: string): number {
  if (!/^\d*$/.test(text)) {
    throw new RedisError("url", `${which} names the database ${text.slice(0, 40)}; it is a number, 0 by default`);
  }
  return Number(text);
}

type Query = Pick<RedisConnectionOptions, "tls" | "db" | "clientName" | "connectTimeout" | "answerTimeout">;

function readQuery(query: URLSearchParams, scheme: "redis" | "rediss", which: string, use: UrlUse["use"]): Query {
  const found: Query = {};
  const ssl: Record<string, string> = {};
  for (const [name, value] of query) {
    if (name.startsWith("ssl_")) ssl[name] = value;
    else if (name === "virtual_host") found.db = database(value.replace(/^\/+/, ""), which);
    else if (name === "client_name") found.clientName = value;
    else if (name === "socket_connect_timeout") found.connectTimeout = milliseconds(name, value, which);
    else if (name === "socket_timeout") found.answerTimeout = milliseconds(name, value, which);
    else if (!saysNothingHere.has(name)) throw new RedisError("url", `${which} has the option ${name}; ${known}`);
  }
  const tls = readTls(ssl, scheme, which, use);
  return { ...found, tls };
}

const known = "ssl_*, client_name, socket_timeout, socket_connect_timeout and virtual_host are understood";

/** Options of redis-py that describe its pool and its sockets. */
const saysNothingHere: ReadonlySet<string> = new Set([
  "decode_responses",
  "encoding",
  "health_check_interval",
  "max_connections",
  "protocol",
  "retry_on_timeout",
  "socket_keepalive",
]);

function milliseconds(name: string, seconds: string, which: string): number {
  const value = Number(seconds) * 1000;
  if (!(value > 0))
    throw new RedisError("url", `${which} has ${name}=${seconds.slice(0, 40)}; it is a time in seconds`);
  return value;
}

function readTls(
  ssl: Record<string, string>,
  scheme: "redis" | "rediss",
  which: string,
  use: UrlUse["use"],
): RedisTlsOptions | undefined {
  if (scheme === "rediss") return tlsFromSslOptions(ssl, { use, which });
  const [option] = Object.keys(ssl);
  if (option !== undefined) {
    throw new RedisError("url", `${which} has the option ${option} and no TLS; with TLS the URL begins with rediss://`);
  }
  return undefined;
}
