import { mkdir, mkdtemp, realpath } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { removeTree } from "../packages/data-transfer/src/bundle/remove-tree.ts";
import { applySeed } from "../packages/data-transfer/src/cli/seed/apply-seed.ts";
import type { DataLocation } from "../packages/data-transfer/src/model/location.ts";
import { type Database, openDatabase } from "../packages/data-transfer/src/opsdb/database.ts";
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
  archive: DataLocation & { storageType: "disk" };
  /** `cologne/ramses_processing`. */
  destination: DataLocation & { storageType: "disk" };
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
  const [archive, destination] = await seedLocations(db, directory);

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
    health__host: "127.0.0.1",
    health__port: "0",
    logging__format: "json",
  };

  return {
    ...{ directory, redis, db, archive, destination },
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

async function seedLocations(db: Database, directory: string): Promise<[Rig["archive"], Rig["destination"]]> {
  const disk = { storageType: "disk", priority: 0, active: true, host: undefined } as const;
  const folders = { archive: join(directory, "archive"), processing: join(directory, "processing") };
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder)));
  const locations = [
    { site: "cologne", location: { ...disk, name: "lta", locationType: "long_term_archive", path: folders.archive } },
    {
      site: "cologne",
      location: { ...disk, name: "ramses_processing", locationType: "processing", path: folders.processing },
    },
  ] as const;
  const sites = [{ name: "Cologne", shortName: "cologne", location: "Cologne, Germany" }];
  const [archive, processing] = await applySeed(db, { sites, locations: [...locations] }, "the bench's list", "bench");
  return [archive as Rig["archive"], processing as Rig["destination"]];
}

function asVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`CCAT_DATA_TRANSFER_${key.toUpperCase()}`, value]),
  );
}
