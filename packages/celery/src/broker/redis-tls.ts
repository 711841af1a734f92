import { RedisError } from "./redis-errors.ts";

/**
 * TLS to Redis. Each of the first three is a PEM text or the path of a PEM file. Files are looked at again from time to
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
 * `ssl_cert_reqs` is the name (`CERT_REQUIRED`, `required`) or the number (2) of Python's constant. A backend demands it.
 *
 * @throws {RedisError} CDT-REDIS-URL, with a sentence
 */
export function redisUseSsl(setting: unknown, { use }: { use: "broker" | "backend" }): RedisTlsOptions | undefined {
  const which = use === "broker" ? "broker_use_ssl" : "redis_backend_use_ssl";
  if (setting === undefined || setting === null || setting === false) return undefined;
  if (setting === true) return tlsFromSslOptions({}, { use, which });
  if (typeof setting !== "object" || Array.isArray(setting)) {
    throw new RedisError("url", `${which} is true, false, or a dictionary of ssl_ options`);
  }
  return tlsFromSslOptions(setting as Record<string, unknown>, { use, which });
}

/** Reads Celery's `ssl_` options. `which` begins the sentence of what is wrong with them. */
export function tlsFromSslOptions(
  options: Readonly<Record<string, unknown>>,
  { use, which }: { use: "broker" | "backend"; which: string },
): RedisTlsOptions {
  const tls: RedisTlsOptions = {};
  for (const [name, value] of Object.entries(options)) {
    const option = sslOptions.get(name);
    if (!option) {
      throw new RedisError("url", `${which} has the option ${name}; known are ${[...sslOptions.keys()].join(", ")}`);
    }
    if (value === null || value === undefined || value === "") continue;
    const read = option.read(value);
    if (!read) throw new RedisError("url", `${which} has an ${name} that says nothing: it is ${option.meaning}`);
    Object.assign(tls, read);
  }
  if (use === "backend" && tls.certReqs === undefined) {
    throw new RedisError(
      "url",
      `${which} must have ssl_cert_reqs, as Celery's result backend demands: ${certReqsWords}`,
    );
  }
  return tls;
}

interface SslOption {
  meaning: string;
  /** Undefined when the value means nothing. */
  read(value: unknown): RedisTlsOptions | undefined;
}

const certReqsWords = "CERT_REQUIRED, CERT_OPTIONAL or CERT_NONE";

/** Python's constants: their numbers, their names, and redis-py's short names. */
const certReqs: ReadonlyMap<unknown, RedisTlsOptions["certReqs"]> = new Map(
  (["none", "optional", "required"] as const).flatMap((level, number) => [
    [number as unknown, level],
    [level, level],
    [`CERT_${level.toUpperCase()}`, level],
  ]),
);

const sslOptions: ReadonlyMap<string, SslOption> = new Map([
  [
    "ssl_cert_reqs",
    {
      meaning: certReqsWords,
      read: (value: unknown) => (certReqs.has(value) ? { certReqs: certReqs.get(value) } : undefined),
    },
  ],
  ["ssl_ca_certs", path("ca")],
  ["ssl_certfile", path("cert")],
  ["ssl_keyfile", path("key")],
  [
    "ssl_check_hostname",
    {
      meaning: "true or false",
      // kombu takes every word but "false" for true.
      read(value: unknown) {
        if (typeof value === "boolean") return { checkHostName: value };
        return typeof value === "string" ? { checkHostName: value.toLowerCase() !== "false" } : undefined;
      },
    },
  ],
]);

function path(name: "ca" | "cert" | "key"): SslOption {
  return { meaning: "a path", read: (value) => (typeof value === "string" ? { [name]: value } : undefined) };
}
