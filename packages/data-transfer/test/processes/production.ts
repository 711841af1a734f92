import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { type PostgresOptions, startPostgres, type TestPostgres } from "../../../../testing/postgres.ts";
import { type RedisOptions, startRedis, type TestRedis } from "../../../../testing/redis.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { type Database, openDatabase } from "../../src/opsdb/database.ts";
import { migrate } from "../../src/opsdb/migrate.ts";
import { type Service, startService } from "./service.ts";

export const launcher = fileURLToPath(new URL("../../bin/ccat_data_transfer.js", import.meta.url));
const witness = fileURLToPath(new URL("./with-termination-log.ts", import.meta.url));

/** The name in Redis' certificate: the shipped settings of the environment `production` ask for it, whatever the host. */
export const redisName = "db.data.ccat.uni-koeln.de";

/** What a test file shares between its tests. */
export interface Servers {
  redis: TestRedis;
  postgres: TestPostgres;
  /** A database with our schema; copied for each test. */
  template: string;
}

/** A command that has ended. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** stdout as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what its command answers.
  readonly json: any;
}

export interface RunOptions {
  /** Settings beside those of the production, as `redis__password`; undefined takes one away. */
  settings?: Readonly<Record<string, string | undefined>>;
  /** A file that stands in for /dev/termination-log. */
  terminationLog?: string;
}

/** Separate processes of the product, as they run on a cluster: settings in variables, data on disk. */
export interface Production extends Servers {
  readonly folder: string;
  /** staging.root; `ramses_processing` lies in it as it is seeded. */
  readonly root: string;
  /** Where disk archives may lie. */
  readonly archive: string;
  readonly db: Database;
  /** Names of settings and their values as texts: `redis__host`. May be changed. */
  readonly settings: Record<string, string | undefined>;
  /** Runs a command to its end: `run(["stage", "list"])`. With `--output json` the answer has `json`. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts a manager or a worker and waits until it is ready to work. */
  start(args: readonly string[], options?: RunOptions): Promise<Service>;
  /** The variables that its commands are started with. */
  environment(settings?: RunOptions["settings"]): NodeJS.ProcessEnv;
  /** From now on this text, too, must not be printed by anything. */
  keepSecret(text: string): void;
}

/** Redis that demands client certificates, and a PostgreSQL, for all tests of a file. */
export async function startServers(
  scope: Scope,
  { redis, postgres = { version: 18 } }: { redis?: RedisOptions; postgres?: PostgresOptions } = {},
): Promise<Servers> {
  const [redisServer, postgresServer] = await Promise.all([
    startRedis(scope, { tls: { serverNames: [redisName] }, password: "a/long+Redis password%", ...redis }),
    startPostgres(scope, postgres),
  ]);
  const servers = { redis: redisServer, postgres: postgresServer, template: "ready_made" };
  await postgresServer.createDatabase(servers.template);
  const db = openFor(servers, servers.template);
  await migrate(db);
  await db.close();
  return servers;
}

let productions = 0;

/**
 * A folder, a database and a number of Redis for one test. When the test ends, its processes are killed, and nothing
 * that they printed may hold a secret.
 *
 * @param options.database  "migrated" (default), or "empty": our schema is not there yet
 */
export async function startProduction(
  scope: Scope,
  servers: Servers,
  { database = "migrated" }: { database?: "migrated" | "empty" } = {},
): Promise<Production> {
  const { redis, postgres } = servers;
  const number = ++productions;
  assert.ok(number < 16, "a Redis has 16 databases: use another file");
  const folder = await temporaryDirectory(scope);
  const root = join(folder, "processing");
  const archive = join(folder, "archive");
  const home = join(folder, "home");
  await Promise.all([root, archive, home].map((path) => mkdir(path)));
  const name = await postgres.createDatabase(
    `production_${number}`,
    database === "migrated" ? servers.template : undefined,
  );
  const db = openFor(servers, name);
  scope.after(() => db.close());

  const printed: { command: string; text: string }[] = [];
  const secrets = [postgres.password, ...(redis.password === undefined ? [] : [redis.password])];
  scope.after(() => {
    for (const { command, text } of printed) assertKept(secrets, command, text);
  });

  const settings: Record<string, string | undefined> = {
    redis__host: redis.host,
    redis__port: String(redis.port),
    redis__db: String(number),
    redis__password: redis.password,
    redis__ca_file: redis.tls?.ca,
    redis__cert_file: redis.tls?.cert,
    redis__key_file: redis.tls?.key,
    database__host: postgres.host,
    database__port: String(postgres.port),
    database__name: name,
    database__user: postgres.user,
    database__password: postgres.password,
    ...(postgres.tls && { database__sslmode: "verify-full", database__sslrootcert: postgres.tls.ca }),
    staging__root: root,
    staging__keep_free: "1 MiB",
    storage__allowed_roots: JSON.stringify([archive]),
    health__host: "127.0.0.1",
    health__port: "0",
    startup_timeout: "30s",
  };
  const environment = (more?: RunOptions["settings"]): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    HOME: home,
    ENV_FOR_DYNACONF: "production",
    ...variables({ ...settings, ...more }),
  });
  const program = (options: RunOptions) =>
    options.terminationLog === undefined ? [launcher] : [witness, options.terminationLog];

  return {
    ...servers,
    ...{ folder, root, archive, db, settings, environment },
    async run(args, options = {}) {
      const command = `${args.join(" ")} [${printed.length + 1}]`;
      const ran = await runToEnd(scope, [...program(options), ...args], environment(options.settings), home);
      printed.push({ command, text: ran.stdout + ran.stderr });
      return ran;
    },
    async start(args, options = {}) {
      const service = await startService(
        scope,
        [...program(options), ...args],
        environment(options.settings),
        (text) => void printed.push({ command: args.join(" "), text }),
      );
      await service.ready();
      return service;
    },
    keepSecret: (text) => void secrets.push(text),
  };
}

/** No secret is in a text, in whatever form it may have been written. */
export function assertKept(secrets: readonly string[], where: string, text: string): void {
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      assert.ok(!text.includes(form), `${where} printed the secret ${secret}:\n${text}`);
    }
  }
}

function openFor({ postgres }: Pick<Servers, "postgres">, database: string): Database {
  const { host, port, user, password, tls } = postgres;
  const secure = tls ? ({ sslMode: "verify-full", sslRootCert: tls.ca } as const) : ({ sslMode: "disable" } as const);
  const options = { host, port, user, password, database, schema: "ccat_data_transfer", ...secure };
  return openDatabase(options, pino({ level: "silent" }));
}

function variables(settings: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [`CCAT_DATA_TRANSFER_${key.toUpperCase()}`, value]));
}

/** @throws {Error} when it has not ended after two minutes */
async function runToEnd(scope: Scope, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Ran> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  scope.after(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const patience = setTimeout(() => child.kill("SIGKILL"), 120_000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearTimeout(patience);
  if (code === null) throw new Error(`${args.slice(1).join(" ")} had to be killed:\n${stdout}${stderr}`);
  return {
    ...{ code, stdout, stderr },
    get json() {
      return JSON.parse(stdout);
    },
  };
}
