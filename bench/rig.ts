import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { applySeed } from "../packages/data-transfer/src/cli/seed/apply-seed.ts";
import type { DiskDataLocation, S3DataLocation } from "../packages/data-transfer/src/model/location.ts";
import { type Database, openDatabase } from "../packages/data-transfer/src/opsdb/database.ts";
import type { LocationSeed } from "../packages/data-transfer/src/opsdb/locations.ts";
import { migrate } from "../packages/data-transfer/src/opsdb/migrate.ts";
import { startPostgres } from "../testing/postgres.ts";
import { startRedis, type TestRedis } from "../testing/redis.ts";
import type { Scope } from "../testing/scope.ts";
import { startServer } from "../testing/server-process.ts";
import { startWebServer } from "./mover/web-server.ts";

/** Real servers, an archive on disk and a place to stage to: what a worker has on a cluster. */
export interface Rig {
  /** Gone when the scope ends. */
  directory: string;
  /** Demands client certificates, as production's does. */
  redis: TestRedis;
  db: Database;
  archive: DiskDataLocation;
  /** The same files, as an S3 store on this machine serves them. */
  objects: S3DataLocation;
  /** `cologne/ramses_processing`. */
  destination: DiskDataLocation;
  /**
   * Starts `ccat_data_transfer worker` as a process of its own, and waits until it consumes. What the variable
   * WORKER_NODE_OPTIONS says is given to its Node, so that it can be profiled.
   */
  startWorker(settings?: Readonly<Record<string, string>>): Promise<RunningService>;
  /** Starts `ccat_data_transfer manager`, and waits until it watches the database. */
  startManager(): Promise<RunningService>;
}

export interface RunningService {
  readonly pid: number;
  /** Port of its health pages. */
  readonly port: number;
  stop(): Promise<void>;
}

const bucket = "packages";

/** PostgreSQL syncs its log as a real one does, since the record of 50,000 files is part of what is measured. */
export async function startRig(tools: { scope: Scope; directory: string; program: string }): Promise<Rig> {
  const { scope, directory, program } = tools;
  const [postgres, redis] = await Promise.all([
    startPostgres(scope, { fsync: true }),
    startRedis(scope, { tls: true, password: "bench" }),
  ]);
  const { host, port, user, password, database } = postgres;
  const options = { host, port, user, password, database, schema: "ccat_data_transfer" } as const;
  const db = openDatabase({ ...options, sslMode: "disable" }, pino({ level: "silent" }));
  scope.after(() => db.close());
  await migrate(db);
  await mkdir(join(archiveFolder(directory), bucket), { recursive: true });
  // The little of S3 that reading a package takes: HEAD and GET with ranges, without a look at signatures.
  const { endpoint } = await startWebServer(tools, archiveFolder(directory));
  const { archive, objects, destination } = await seedLocations(db, directory, endpoint);

  const tls = redis.tls!;
  const fixed = {
    database__host: host,
    database__port: String(port),
    database__name: database,
    database__user: user,
    database__password: password,
    redis__host: redis.host,
    redis__port: String(redis.port),
    redis__password: redis.password!,
    redis__tls: "true",
    redis__server_name: "localhost",
    redis__ca_file: tls.ca,
    redis__cert_file: tls.cert,
    redis__key_file: tls.key,
    staging__root: directory,
    storage__allowed_roots: JSON.stringify([directory]),
    storage__allowed_endpoints: JSON.stringify([endpoint]),
    s3__cologne_objects__access_key: "bench",
    s3__cologne_objects__secret_key: "bench",
    health__host: "127.0.0.1",
    health__port: "0",
    logging__format: "json",
  };

  return {
    ...{ directory, redis, db, archive, objects, destination },
    startWorker: (settings = {}) =>
      start(["worker", "--location", "ramses_processing"], /"msg":"worker is consuming"/, settings),
    startManager: () => start(["manager"], /"msg":"manager is watching"/, {}),
  };

  async function start(
    command: readonly string[],
    ready: RegExp,
    settings: Readonly<Record<string, string>>,
  ): Promise<RunningService> {
    const service = await startServer({
      program: process.execPath,
      args: [program, ...command],
      env: {
        ...{ HOME: directory, ENV_FOR_DYNACONF: "localdev", ...asVariables({ ...fixed, ...settings }) },
        ...(process.env.WORKER_NODE_OPTIONS && { NODE_OPTIONS: process.env.WORKER_NODE_OPTIONS }),
      },
      ready,
    });
    scope.after(() => service.stop("SIGKILL"));
    const served = /"port":(\d+),"msg":"health pages are served"/.exec(service.output());
    if (served === null) throw new Error(`it does not say its health port:\n${service.output()}`);
    return { pid: service.pid, port: Number(served[1]), stop: () => service.stop() };
  }
}

function archiveFolder(directory: string): string {
  return join(directory, "archive");
}

async function seedLocations(
  db: Database,
  directory: string,
  endpoint: string,
): Promise<Pick<Rig, "archive" | "objects" | "destination">> {
  const processing = join(directory, "processing");
  await mkdir(processing);
  const common = { priority: 0, active: true } as const;
  const disk = { ...common, storageType: "disk", host: undefined } as const;
  const store = { storageType: "s3", endpoint, bucket, prefix: "", region: "default" } as const;
  const locations: readonly LocationSeed[] = [
    { ...disk, name: "lta", locationType: "long_term_archive", path: join(archiveFolder(directory), bucket) },
    { ...common, ...store, name: "objects", locationType: "long_term_archive" },
    { ...disk, name: "ramses_processing", locationType: "processing", path: processing },
  ];
  const seed = {
    sites: [{ name: "Cologne", shortName: "cologne", location: "Cologne, Germany" }],
    locations: locations.map((location) => ({ site: "cologne", location })),
  };
  const [archive, objects, destination] = await applySeed(db, seed, "the bench's list", "bench");
  return {
    archive: archive as DiskDataLocation,
    objects: objects as S3DataLocation,
    destination: destination as DiskDataLocation,
  };
}

function asVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`CCAT_DATA_TRANSFER_${key.toUpperCase()}`, value]),
  );
}
