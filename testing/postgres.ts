import { execFile } from "node:child_process";
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { embeddedPostgres, serverUser } from "../packages/data-transfer/src/demo/postgres-binaries.ts";
import { type CertificateOptions, type Certificates, makeCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { requireProgram } from "./require-server.ts";
import type { Scope } from "./scope.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const run = promisify(execFile);

export interface PostgresOptions {
  /** 15 is Debian's, 18 (the default) comes with npm. */
  version?: 15 | 18;
  /** TLS only; an object says for which names the server's certificate is good. */
  tls?: boolean | CertificateOptions;
  /** Off by default: tests that stop the server need no disk. On for those that crash the machine under it. */
  fsync?: boolean;
  /** An address to listen on beside loopback, and the range of those who may come to it. */
  alsoOn?: { address: string; from: string };
  /** More of postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
}

export interface TestPostgres {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: "postgres";
  readonly password: string;
  readonly database: "postgres";
  /** Present with TLS: `ca` is what a client checks the server with. */
  readonly tls: Certificates | undefined;
  readonly pid: number;
  /** postgresql:// with user and password; `sslmode=verify-full` and `sslrootcert` with TLS. */
  url(database?: string): string;
  /** As `pg` takes it. */
  options(database?: string): pg.ClientConfig;
  /** Answers its name. `template` copies another database, which must have no connections. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** One statement in a connection of its own. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[], database?: string): Promise<Row[]>;
  /** Ends it at once: SIGINT ("fast") by default, SIGQUIT or SIGKILL for a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port; stops it before if it runs. */
  restart(signal?: NodeJS.Signals): Promise<void>;
}

/** A real PostgreSQL on a free loopback port with an empty cluster of its own, gone when `scope` ends. */
export async function startPostgres(scope: Scope, options: PostgresOptions = {}): Promise<TestPostgres> {
  const user = await serverUser();
  const bin = options.version === 15 ? dirname(requireProgram("postgresql-15")) : await embeddedPostgres(user);
  const directory = await mkdtemp(join(tmpdir(), "test-postgres-"));
  const data = join(directory, "data");
  const password = "secret of the test's database";
  const certificateOptions = options.tls === true ? {} : options.tls;
  const tls = certificateOptions ? await makeCertificates(join(directory, "tls"), certificateOptions) : undefined;

  await initialise();
  let { port, server } = await startOnFreePort();
  scope.after(async () => {
    await server.stop("SIGQUIT");
    await rm(directory, { recursive: true, force: true });
  });

  const test: TestPostgres = {
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    tls,
    get pid() {
      return server.pid;
    },
    url(database = "postgres") {
      const secure = tls ? `?sslmode=verify-full&sslrootcert=${encodeURIComponent(tls.ca)}` : "";
      return `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}${secure}`;
    },
    // Unverified on purpose: this way in is the test's own, also where the server's certificate is made to be refused.
    options: (database = "postgres") => ({
      ...{ host: "127.0.0.1", port, user: "postgres", password, database },
      ssl: tls ? { rejectUnauthorized: false } : false,
    }),
    async createDatabase(name, template) {
      const from = template ? ` TEMPLATE ${pg.escapeIdentifier(template)}` : "";
      await test.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}${from}`);
      return name;
    },
    async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = [], database = "postgres") {
      const client = new pg.Client(test.options(database));
      await client.connect();
      try {
        return (await client.query<Row>(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    stop: (signal = "SIGINT") => server.stop(signal),
    async restart(signal = "SIGINT") {
      await server.stop(signal);
      server = await start(port);
    },
  };
  return test;

  async function initialise(): Promise<void> {
    const passwordFile = join(directory, "password");
    await writeFile(passwordFile, password);
    await mkdir(data);
    for (const path of [directory, data, passwordFile]) await giveToServer(path);
    const access = ["--username=postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    await run(join(bin, "initdb"), ["-D", data, ...access, "--no-sync", "--encoding=UTF8", "--locale=C"], {
      ...(user && { uid: user.uid, gid: user.gid }),
      cwd: "/",
    });
    await rm(passwordFile);

    const clients = ["127.0.0.1/32", ...(options.alsoOn ? [options.alsoOn.from] : [])];
    const who = clients.map((from) => `${tls ? "hostssl" : "host"} all all ${from} scram-sha-256\n`);
    await writeFile(join(data, "pg_hba.conf"), who.join(""));
    if (!tls) return;
    for (const [from, name] of [
      [tls.serverCert, "server.crt"],
      [tls.serverKey, "server.key"],
    ] as const) {
      await copyFile(from, join(data, name));
      await chmod(join(data, name), 0o600);
      await giveToServer(join(data, name));
    }
  }

  async function giveToServer(path: string): Promise<void> {
    if (user) await chown(path, user.uid, user.gid);
  }

  async function startOnFreePort(): Promise<{ port: number; server: ServerProcess }> {
    for (let attempt = 1; ; attempt++) {
      const candidate = await freePort();
      try {
        return { port: candidate, server: await start(candidate) };
      } catch (error) {
        if (attempt === 5 || !/Address already in use/.test((error as Error).message)) throw error;
      }
    }
  }

  function start(onPort: number): Promise<ServerProcess> {
    const settings: Record<string, string> = {
      listen_addresses: ["127.0.0.1", ...(options.alsoOn ? [options.alsoOn.address] : [])].join(","),
      port: String(onPort),
      unix_socket_directories: "",
      shared_buffers: "32MB",
      max_connections: "200",
      log_timezone: "UTC",
      timezone: "UTC",
      ...(options.fsync ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
      ...(tls ? { ssl: "on" } : {}),
      ...options.settings,
    };
    return startServer({
      program: join(bin, "postgres"),
      args: ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      user,
      deathSignal: "QUIT",
      ready: /database system is ready to accept connections/,
    });
  }
}
