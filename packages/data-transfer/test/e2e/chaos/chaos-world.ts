import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Broker, CeleryError, type ResultStore, redisBroker, redisResults } from "@ccatobs/celery";
import { type FaultProxy, startFaultProxy } from "../../../../../testing/fault-proxy.ts";
import type { Scope } from "../../../../../testing/scope.ts";
import type { StagingItem } from "../../../src/model/staging.ts";
import { jobItems } from "../../../src/opsdb/jobs.ts";
import { findLocation, type LocationSeed } from "../../../src/opsdb/locations.ts";
import { requestStaging } from "../../../src/staging/request.ts";
import { archivePackages, assertStaged, queue, seedLocations, type Wanted } from "../../processes/packages.ts";
import { type Production, redisName, type Servers, startProduction } from "../../processes/production.ts";
import type { Service } from "../../processes/service.ts";
import { jobsThatContradictTheirItems, stagedRecords } from "../../world/items.ts";
import { until } from "../../world/until.ts";
import { type ArchiveServer, startArchiveServer } from "./archive-server.ts";

/** Servers that stand behind a proxy, each behind one of its own. */
export type Behind = "archive" | "Redis" | "PostgreSQL";

/** A manager and a worker as separate processes, between whom and all servers faults can be played. */
export interface ChaosWorld {
  readonly production: Production;
  readonly archive: ArchiveServer;
  readonly proxies: Readonly<Record<Behind, FaultProxy>>;
  readonly worker: Service;
  readonly manager: Service;
  /** Puts packages of so many bytes into the archive and the catalogue. */
  put(packages: Wanted): Promise<void>;
  /** Asks for one, as `stage request` does; the faults do not concern who asks. Answers the number of the job. */
  request(name: string): Promise<number>;
  itemOf(job: number): Promise<StagingItem>;
  /** Waits until these jobs' packages are recorded as staged. */
  staged(jobs: readonly number[]): Promise<void>;
  /**
   * All packages that were ever asked for are there, byte for byte and once, and nothing else is: on disk, in the database,
   * in the queue. Whoever waited for one of these jobs was told of its success.
   */
  expectWhole(jobs: readonly number[], options?: { deadLetters?: "some" }): Promise<void>;
  /** Looks at the queues, past the proxies. */
  readonly broker: Broker;
}

/** Short, so that a test need not wait for minutes. docs/reliability.md says what is usual. */
export const shortSettings = {
  storage__stall_timeout: "2s",
  storage__retries: "2",
  broker__lease: "4s",
  redis__connect_timeout: "2s",
  database__connect_timeout: "2s",
  database__statement_timeout: "2s",
  manager__sleep_time: "1s",
  manager__sweep_interval: "1s",
  manager__rering_after: "5s",
  staging__claim_lease: "4s",
  staging__retry_base: "1s",
  staging__retry_max: "2s",
};

export interface ChaosOptions {
  settings?: Readonly<Record<string, string>>;
  /** Of the worker alone, and instead of those that lead it through the proxies. */
  workerSettings?: Readonly<Record<string, string>>;
  /** More archives, and the settings that they need. */
  moreArchives?: (production: Production) => Promise<readonly LocationSeed[]>;
  /** The settings as they are shipped, and not {@link shortSettings}. */
  shipped?: boolean;
}

export async function startChaos(scope: Scope, servers: Servers, options: ChaosOptions = {}): Promise<ChaosWorld> {
  const production = await startProduction(scope, servers);
  const { settings, db } = production;
  const archive = await startArchiveServer(scope, production.archive);
  const proxies: Record<Behind, FaultProxy> = {
    archive: await startFaultProxy(scope, archive),
    Redis: await startFaultProxy(scope, servers.redis),
    PostgreSQL: await startFaultProxy(scope, servers.postgres),
  };
  const endpoint = `http://127.0.0.1:${proxies.archive.port}`;
  Object.assign(settings, options.shipped ? {} : shortSettings, {
    storage__allowed_endpoints: JSON.stringify([endpoint]),
    s3__cologne_lta__access_key: "key",
    s3__cologne_lta__secret_key: "secret of the archive",
    ...options.settings,
  });
  await seedLocations(production, [
    {
      ...{ name: "lta", locationType: "long_term_archive", priority: 0, active: true },
      ...{ storageType: "s3", endpoint, bucket: "raw", prefix: "", region: "default" },
    },
    ...((await options.moreArchives?.(production)) ?? []),
  ]);
  const { broker, results } = await connectPast(scope, production);
  const behind = {
    settings: { redis__port: String(proxies.Redis.port), database__port: String(proxies.PostgreSQL.port) },
  };
  const [manager, worker] = await Promise.all([
    production.start(["manager"], behind),
    production.start(["worker", "--location", "ramses_processing"], {
      settings: { ...behind.settings, ...options.workerSettings },
    }),
  ]);
  const asked: string[] = [];

  const world: ChaosWorld = {
    ...{ production, archive, proxies, worker, manager, broker },
    put: (packages) => archivePackages(production, packages),
    async request(name) {
      const wanted = { packages: [name], destination: "ramses_processing" };
      const { id } = await requestStaging(db, { ...wanted, requester: "chaos", lifetime: 86_400, priority: 4 });
      asked.push(name);
      return id;
    },
    async itemOf(job) {
      const [item] = await jobItems(db, job);
      assert.ok(item);
      return item;
    },
    async staged(jobs) {
      for (const job of jobs) {
        await until(`job ${job} has ended`, async () => {
          const { status, errorCode, errorText } = await world.itemOf(job);
          assert.notEqual(status, "failed", `${errorCode}: ${errorText}`);
          return status === "completed";
        });
      }
    },
    async expectWhole(jobs, { deadLetters } = {}) {
      await until("every message is settled", () =>
        unlessAway(async () => {
          const { waiting, unacked } = await broker.inspect(queue);
          return waiting + unacked.count === 0;
        }),
      );
      await until("nothing lies beside the packages", async () =>
        (await readdir(join(production.root, "staged"))).every((name) => !name.startsWith(".")),
      );
      await assertStaged(production, asked);
      const place = await findLocation(db, "ramses_processing");
      const records = Object.fromEntries([...asked].sort().map((name) => [name, 4]));
      assert.deepEqual(await stagedRecords(db, place!.id), records, "packages that are recorded, and their files");
      assert.deepEqual(await jobsThatContradictTheirItems(db), []);
      if (deadLetters !== "some") assert.deepEqual(await broker.deadLetters(), []);
      for (const job of jobs) {
        const { taskId } = await world.itemOf(job);
        await until("whoever waits is told", () =>
          unlessAway(async () => (await results.get(taskId))?.status === "SUCCESS"),
        );
      }
    },
  };
  return world;
}

/** The test's own connections to Redis may need a moment longer than those of the processes. */
async function unlessAway(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CeleryError && error.kind === "transient") return false;
    throw error;
  }
}

/** Connections of the test's own, which no fault concerns. */
async function connectPast(
  scope: Scope,
  { redis, settings }: Production,
): Promise<{ broker: Broker; results: ResultStore }> {
  const { host, port, password } = redis;
  const tls = redis.tls && { ca: redis.tls.ca, cert: redis.tls.cert, key: redis.tls.key, serverName: redisName };
  const options = { host, port, password, db: Number(settings.redis__db), tls };
  const broker = redisBroker(options);
  const results = redisResults(options);
  await Promise.all([broker.connect(), results.connect()]);
  scope.after(async () => {
    await Promise.all([broker.close(), results.close()]);
  });
  return { broker, results };
}
