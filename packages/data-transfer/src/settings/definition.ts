import {
  choice,
  duration,
  type Form,
  flag,
  list,
  mode,
  optional,
  port,
  type Setting,
  secret,
  size,
  text,
  whole,
} from "./kinds.ts";

const absolute: Form = { pattern: /^\//, expected: "an absolute path" };

/**
 * Every setting there is: the loader, `settings show` and docs/settings.md all read these tables. Durations are seconds
 * and sizes bytes once they are loaded.
 */
export const tables = {
  database: {
    host: text("PostgreSQL's host name, or the folder of its socket"),
    port: port("PostgreSQL's port", 5432),
    name: text("database name"),
    user: text("database user"),
    password: secret("database password"),
    schema: text("schema that holds our tables and nothing else", "ccat_data_transfer", {
      pattern: /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/,
      expected: "a name of a-z, 0-9 and _ that does not begin with a digit or pg_",
    }),
    sslmode: choice(
      "TLS to PostgreSQL, as libpq names it: `verify-full` also checks the host name",
      ["disable", "prefer", "require", "verify-ca", "verify-full"],
      "prefer",
    ),
    server_name: optional(text("name that the certificate must carry, where it is not the host")),
    sslrootcert: optional(text("file with the authority that signed the server's certificate")),
    sslcert: optional(text("file with our client certificate")),
    sslkey: optional(text("file with the key of our client certificate")),
    pool_size: whole("most connections at a time", 2, 100, 5),
    connect_timeout: duration("time for one attempt to connect", "10s"),
    statement_timeout: duration("the server gives up a statement after this time", "30s", 1),
    role_manager: text("database role that `db migrate` lets do a manager's work", "ccat_manager"),
    role_worker: text("database role that `db migrate` lets do a worker's work", "ccat_worker"),
    role_reader: text("database role that `db migrate` lets read", "ccat_reader"),
  },
  broker: {
    kind: choice("where messages lie; `memory` is for one process alone", ["redis", "memory"], "redis"),
    lease: duration("how long a message stays ours without being renewed", "60s", 1),
  },
  redis: {
    host: optional(text("Redis' host name; needed when `broker.kind` is `redis`")),
    port: port("Redis' port", 6379),
    db: whole("number of the Redis database", 0, 1023, 0),
    username: optional(text("Redis user; without one, the default user")),
    password: secret("Redis password"),
    tls: flag("TLS to Redis", false),
    server_name: optional(text("name for SNI and for the check of the certificate, where it is not the host")),
    check_hostname: flag("whether the certificate must carry the server's name", true),
    ca_file: optional(text("file with the authority that signed the server's certificate")),
    cert_file: optional(text("file with our client certificate")),
    key_file: optional(text("file with the key of our client certificate")),
    connect_timeout: duration("time for one attempt to connect", "10s"),
    global_keyprefix: optional(text("put before every key, as kombu's `global_keyprefix`")),
    visibility_timeout: duration("when other Celery processes' unacknowledged messages may be restored", "1h"),
  },
  results: {
    expires: duration("how long task results are kept", "1d"),
  },
  worker: {
    concurrency: whole("packages staged at the same time", 1, 64, 2),
    name: optional(text("how the worker calls itself; by default `staging@<host name>-<process id>`")),
    task_names: list("Celery task names that mean staging; `*` and `?` allowed", ["ccat_data_transfer.staging.stage"]),
    drain_deadline: duration("after SIGTERM, time for running packages before they are given back", "20s", 0),
  },
  manager: {
    sleep_time: duration("pause between two polls when nothing woke the manager", "10s"),
    batch: whole("most items handled in one poll", 1, 10_000, 200),
    sweep_interval: duration("pause between two looks for items whose message is gone", "30s"),
    rering_after: duration("age of an unanswered message before the sweep may ring again", "10m"),
  },
  staging: {
    root: text("folder that every processing location must lie in", "/data", absolute),
    default_lifetime: duration("how long staged data stays unless the request says otherwise", "14d"),
    confirm_above: size("`stage request` asks before it stages more", "1 TiB"),
    claim_lease: duration("how long a worker's claim on an item holds without being renewed", "60s", 1),
    max_attempts: whole("failed attempts, or lost workers, before an item fails for good", 1, 1000, 5),
    retry_base: duration("pause before the second attempt; doubles from there", "30s"),
    retry_max: duration("longest pause between two attempts", "30m"),
    archive_retry_max: duration("the same while no archive that has the package can be reached", "5m"),
    keep_free: size("room left free on the processing file system", "1 GiB"),
    keep_partial: duration("how long what a waiting package has so far is kept without another attempt", "7d"),
    leftover_interval: duration("pause between two looks for what dead attempts have left behind", "10m"),
    probe_timeout: duration("a processing file system that does not answer for so long hangs", "30s"),
    probe_interval: duration("pause between two looks whether the processing file system answers", "30s"),
    file_mode: mode("permission bits of staged files", "0640"),
    dir_mode: mode("permission bits of staged folders", "2750"),
    direct_writes: flag("write large files past the page cache, where the file system lets us", true),
    sync_together: flag("sync many small files by one call for the whole file system, where that is reliable", true),
    group: optional(whole("number of the group that staged data belongs to", 0, 4_294_967_294)),
  },
  storage: {
    allowed_endpoints: list("S3 endpoints that may be read", [], {
      pattern: /^https?:\/\/[^/@\s]+$/,
      expected: "texts like `https://host` or `https://host:port`",
    }),
    allowed_roots: list("folders that disk archives may lie in", ["/data"], {
      ...absolute,
      expected: "absolute paths",
    }),
    ca_file: optional(
      text("file with the authorities that may sign S3 endpoints' certificates, where not the system's"),
    ),
    retries: whole("tries for one read before its source counts as unreachable", 0, 100, 5),
    stall_timeout: duration("a read that brings nothing for so long is begun anew", "60s"),
    part_size: size("a package is read in parts of about so many bytes, several at once", "16 MiB", 8 * 1024 * 1024),
    connections: whole("parts of one package that are read at once, at most", 1, 64, 4),
    read_memory: size("memory of a worker for parts that come before their turn", "48 MiB"),
    rate_limit: size("bytes a second that a worker reads from archives at most; 0: no limit", "0"),
  },
  health: {
    host: text("address that /livez, /readyz and /metrics listen on", "0.0.0.0"),
    port: port("port of /livez, /readyz and /metrics; 0 takes a free one", 9464, 0),
  },
  logging: {
    level: choice("least level that is logged", ["trace", "debug", "info", "warn", "error", "fatal", "silent"], "info"),
    format: choice("form of a log line; `auto` is pretty on a terminal, else json", ["auto", "json", "pretty"], "auto"),
  },
  demo: {
    directory: text("folder of the demo's database, archive and staged data", "data/demo"),
  },
} as const satisfies Record<string, SettingTable>;

/** Settings that stand outside every table. */
export const general = {
  startup_timeout: duration(
    "how long a server that cannot be reached is tried at start before the program gives up",
    "60s",
    0,
  ),
  coscine_api_token: secret(
    "token for the Coscine API; accepted because deployed environments set it, not needed for staging",
  ),
} as const satisfies SettingTable;

/** Tables of tables whose names are the user's: `s3.<site>_<location>` holds the credentials of one archive. */
export const namedTables = {
  s3: {
    access_key: secret("access key of the archive"),
    secret_key: secret("secret key of the archive"),
    region: optional(text("region to sign for, where it is not the location's own")),
  },
} as const satisfies Record<string, SettingTable>;

// biome-ignore lint/suspicious/noExplicitAny: a table holds settings of every type.
export type SettingTable = Readonly<Record<string, Setting<any>>>;
