import type { SettingsProblem } from "../errors/settings.ts";
import type { Settings } from "./settings.ts";

interface Rule {
  key: string;
  broken: (settings: Settings) => boolean;
  found: string;
  expected: string;
}

/** What must hold between several settings. */
const rules: readonly Rule[] = [
  {
    key: "redis.host",
    broken: ({ broker, redis }) => broker.kind === "redis" && redis.host === undefined,
    found: "nothing",
    expected: "Redis' host name, because broker.kind is redis",
  },
  ...["redis", "database"].flatMap((table): Rule[] => {
    const [certificate, key] = table === "redis" ? ["cert_file", "key_file"] : ["sslcert", "sslkey"];
    const pair = (settings: Settings): [unknown, unknown] =>
      table === "redis"
        ? [settings.redis.certFile, settings.redis.keyFile]
        : [settings.database.sslcert, settings.database.sslkey];
    return [
      {
        key: `${table}.${key}`,
        broken: (settings) => pair(settings)[0] !== undefined && pair(settings)[1] === undefined,
        found: "nothing",
        expected: `the key of the certificate that ${table}.${certificate} names`,
      },
      {
        key: `${table}.${certificate}`,
        broken: (settings) => pair(settings)[0] === undefined && pair(settings)[1] !== undefined,
        found: "nothing",
        expected: `the certificate that belongs to ${table}.${key}`,
      },
    ];
  }),
  {
    key: "staging.retry_max",
    broken: ({ staging }) => staging.retryMax < staging.retryBase,
    found: "less than staging.retry_base",
    expected: "at least staging.retry_base",
  },
];

/** @param origin  where a key's value came from, for the message */
export function crossChecks(settings: Settings, origin: (key: string) => string): SettingsProblem[] {
  return rules
    .filter((rule) => rule.broken(settings))
    .map(({ key, found, expected }) => ({ where: origin(key), key, found, expected }));
}

/** Sentences about settings that are allowed, but surely not meant. */
export function remarks(settings: Settings): string[] {
  const { redis, broker } = settings;
  const tlsIdle =
    broker.kind === "redis" && !redis.tls && (redis.caFile ?? redis.certFile ?? redis.serverName) !== undefined;
  return tlsIdle
    ? ["redis.tls is false: redis.ca_file, cert_file and server_name are not used, nothing is encrypted"]
    : [];
}
