import type { RedisConnectionOptions } from "./redis-connection.ts";
import { RedisError } from "./redis-errors.ts";

/**
 * Reads a Celery URL: `redis[s]://[user:password@]host[:port][/db]`, with what stands percent-encoded decoded, and for
 * `rediss` the options `ssl_cert_reqs` (`CERT_REQUIRED`, `required`, ...), `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`,
 * `ssl_check_hostname`.
 *
 * As a broker it may be a list joined by `;`: the others are tried in turn when one is away. A backend's `rediss` URL must
 * say `ssl_cert_reqs`, as Celery's backend demands.
 *
 * @throws {RedisError} CDT-REDIS-URL, with a sentence that never shows a password
 */
export function redisUrl(_text: string, _how: { use: "broker" | "backend" }): RedisConnectionOptions {
  throw new RedisError("unreachable", "no URL is read yet");
}
