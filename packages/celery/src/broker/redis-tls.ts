import { RedisError } from "./redis-errors.ts";

/**
 * TLS to Redis. Of each of the three: a PEM text, or the path of a PEM file. Files are looked at again from time to
 * time, and renewed ones are used for every connection that is made from then on.
 */
export interface RedisTlsOptions {
  /** Authorities that may have signed the server's certificate (`ssl_ca_certs`); those of Node and of the system by default. */
  ca?: string | undefined;
  /** Our certificate, followed by those between it and the authority, if any (`ssl_certfile`). */
  cert?: string | undefined;
  /** The key of our certificate, without a passphrase (`ssl_keyfile`). */
  key?: string | undefined;
  /** Sent as SNI and looked for in the server's certificate; the host by default. */
  serverName?: string | undefined;
  /** Whether the server's certificate must carry its name (`ssl_check_hostname`); true by default. */
  checkHostName?: boolean | undefined;
  /**
   * `ssl_cert_reqs`; `required` by default. `none` takes whatever certificate the server shows, whoever signed it and
   * whatever its name: anybody on the way can play Redis. `optional` is the same as `required`: a server always shows one.
   */
  certReqs?: "required" | "optional" | "none" | undefined;
  /** Time between two looks at the files, in ms; 30,000 by default. */
  checkEvery?: number | undefined;
}

/**
 * Celery's `broker_use_ssl` and `redis_backend_use_ssl`: a dictionary with `ssl_cert_reqs`, `ssl_ca_certs`,
 * `ssl_certfile`, `ssl_keyfile`, `ssl_check_hostname`. `true` is TLS with all defaults, `false` and nothing are none.
 *
 * `ssl_cert_reqs` may be the name (`CERT_REQUIRED`, `required`) or the number (2) of Python's constant. A backend demands it.
 *
 * @throws {RedisError} CDT-REDIS-URL, with a sentence
 */
export function redisUseSsl(_setting: unknown, _how: { use: "broker" | "backend" }): RedisTlsOptions | undefined {
  throw new RedisError("unreachable", "no dictionary is read yet");
}
