import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import { applySeed } from "../packages/data-transfer/src/cli/seed/apply-seed.ts";
import type { DiskDataLocation, S3DataLocation } from "../packages/data-transfer/src/model/location.ts";
import { type Database, openDatabase } from "../packages/data-transfer/src/opsdb/database.ts";
import type { LocationSeed } from "../packages/data-transfer/src/opsdb/locations.ts";
import { migrate } from "../packages/data-transfer/src/opsdb/migrate.ts";
import { startPostgres } from "../testing/postgres.ts";
import { startRedis, type TestRedis } from "../testing/redis.ts";
import type { Scope } from "../testing/scope.ts";
import { startServer } from "../testing/server-process.ts";

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
  startWorker(settings?: Readonly<Record<string, string>>): Promise<RunningWorker>;
}

export interface RunningWorker {
  readonly pid: number;
  /** Port of its health pages. */
  readonly port: number;
  stop(): Promise<void>;
}

const objectServer = fileURLToPath(new URL("./object-server.ts", import.meta.url));
const launcher = fileURLToPath(new URL("../packages/data-transfer/bin/ccat_data_transfer.js", import.meta.url));

/**
 * PostgreSQL syncs its log as a real one does, since the record of 50,000 files is part of what is measured.
 *
 * @param parent folder for gigabytes of packages
 */
export async function startRig(scope: Scope, parent: string): Promise<Rig> {
  const directory = await mkdtemp(join(await realpath(parent), "ccat-bench-"));
  scope.after(() => removeTree(directory));
  const [postgres, redis] = await Promise.all([
    startPostgres(scope, { fsync: true }),
    startRedis(scope, { tls: true, password: "bench" }),
  ]);
  const { host, port, user, password, database } = postgres;
  const options = { host, port, user, password, database, schema: "ccat_data_transfer" } as const;
  const db = openDatabase({ ...options, sslMode: "disable" }, pino({ level: "silent" }));
  scope.after(() => db.close());
  await migrate(db);
  const endpoint = await startObjectServer(scope, archiveFolder(directory));
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
    async startWorker(settings = {}) {
      const worker = await startServer({
        program: process.execPath,
        args: [launcher, "worker", "--location", "ramses_processing"],
        env: {
          ...{ HOME: directory, ENV_FOR_DYNACONF: "localdev", ...asVariables({ ...fixed, ...settings }) },
          ...(process.env.WORKER_NODE_OPTIONS && { NODE_OPTIONS: process.env.WORKER_NODE_OPTIONS }),
        },
        ready: /"msg":"worker is consuming"/,
      });
      scope.after(() => worker.stop("SIGKILL"));
      const served = /"port":(\d+),"msg":"health pages are served"/.exec(worker.output());
      if (served === null) throw new Error(`the worker does not say its health port:\n${worker.output()}`);
      return { pid: worker.pid, port: Number(served[1]), stop: () => worker.stop() };
    },
  };
}

/** Answers its address. */
async function startObjectServer(scope: Scope, folder: string): Promise<string> {
  await mkdir(folder);
  const ready = /listening on (\d+)/;
  const server = await startServer({ program: process.execPath, args: [objectServer, folder], ready });
  scope.after(() => server.stop("SIGKILL"));
  return `http://127.0.0.1:${ready.exec(server.output())![1]}`;
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
  const store = { storageType: "s3", endpoint, bucket: "packages", prefix: "", region: "default" } as const;
  const locations: readonly LocationSeed[] = [
    { ...disk, name: "lta", locationType: "long_term_archive", path: archiveFolder(directory) },
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
