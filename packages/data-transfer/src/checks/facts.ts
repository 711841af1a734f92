import { resolve } from "node:path";
import {
  type Broker,
  type CertificateDates,
  examineCertificates,
  examineRedis,
  type QueueState,
  type RedisConnectionOptions,
  type RedisExamination,
  redisBroker,
} from "@ccatobs/celery";
import type { DataLocation } from "../model/location.ts";
import type { Database } from "../opsdb/database.ts";
import { type ServerFacts, serverFacts } from "../opsdb/server-facts.ts";
import { type DiscoveredQueue, discoverQueues, queuesOfLocation } from "../queues/discover.ts";
import type { Settings } from "../settings/settings.ts";
import type { Environment } from "../settings/sources.ts";
import { createFolderFacts, type FolderFacts } from "./folder-facts.ts";
import { foldersOf, type TlsFiles } from "./tls-files.ts";

export interface FactsOptions {
  settings: Settings;
  /** Sentences about settings that nobody reads. */
  remarks: readonly string[];
  env: Environment;
  /** Names of the locations that are looked at; none: every one in use at which something is staged. */
  locations: readonly string[];
  redis: RedisConnectionOptions;
  /** Opens the database without connecting. */
  openDatabase(): Promise<Database>;
  /** Redis' errors in the words of our settings. */
  translateBrokerError(error: unknown): unknown;
}

/**
 * What checks look at. Each thing is looked at once, however many checks ask for it, until {@link Facts.forget}: what it
 * threw is thrown again, too.
 */
export interface Facts {
  readonly settings: Settings;
  readonly remarks: readonly string[];
  readonly env: Environment;
  /** @throws any of errors/broker.ts */
  redis(signal: AbortSignal): Promise<RedisExamination>;
  /** @throws StorageStalled where they lie on a mount that hangs; BrokerTlsUnusable */
  certificates(files: TlsFiles): Promise<{ own: CertificateDates | undefined; authorities: CertificateDates[] }>;
  database(): Promise<Database>;
  /** @throws any of errors/database.ts */
  ping(): Promise<void>;
  server(): Promise<ServerFacts>;
  /** The queues of the locations that are looked at. @throws UnknownLocation, AmbiguousLocation, errors of the database */
  queues(): Promise<readonly DiscoveredQueue[]>;
  /** The locations that are looked at. */
  places(): Promise<readonly DataLocation[]>;
  queueState(queue: string, signal: AbortSignal): Promise<QueueState>;
  folder(path: string): FolderFacts;
  /** Everything is looked at anew from now on. */
  forget(): void;
  /** Ends what was opened. */
  close(): Promise<void>;
}

export function createFacts(options: FactsOptions): Facts {
  const { settings, remarks, env, locations } = options;
  const known = new Map<string, Promise<unknown>>();
  const folders = new Map<string, FolderFacts>();
  let database: Promise<Database> | undefined;
  let broker: Promise<Broker> | undefined;

  /** The first who asks for it has it looked up. */
  function once<T>(what: string, look: () => Promise<T>): Promise<T> {
    const found = (known.get(what) as Promise<T> | undefined) ?? look();
    found.catch(() => {});
    known.set(what, found);
    return found;
  }

  const translated = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw options.translateBrokerError(error);
    });

  function folderAt(path: string, root: string): FolderFacts {
    const found = folders.get(path) ?? createFolderFacts(path, root, settings.staging);
    folders.set(path, found);
    return found;
  }

  function openDatabase(): Promise<Database> {
    database ??= options.openDatabase();
    return database;
  }

  async function connectedBroker(signal: AbortSignal): Promise<Broker> {
    const opened = redisBroker({ ...options.redis, globalKeyPrefix: settings.redis.globalKeyprefix ?? "" });
    await opened.connect(signal).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    return opened;
  }

  const facts: Facts = {
    ...{ settings, remarks, env },
    redis: (signal) =>
      once("redis", () =>
        translated(examineRedis({ ...options.redis, globalKeyPrefix: settings.redis.globalKeyprefix ?? "" }, signal)),
      ),
    certificates: (files) =>
      once(JSON.stringify(files), async () => {
        // A read that hangs would keep this process from ending, whatever becomes of the check.
        await Promise.all(foldersOf(files).map((path) => folderAt(path, path).look()));
        return await translated(examineCertificates(files));
      }),
    database: openDatabase,
    ping: () => once("ping", async () => (await openDatabase()).ping()),
    server: () => once("server", async () => serverFacts(await openDatabase())),
    queues: () =>
      once("queues", async () => {
        // What has failed before is not tried again for every question.
        await facts.ping();
        const db = await openDatabase();
        if (locations.length === 0) return await discoverQueues(db);
        const found = new Map<string, DiscoveredQueue>();
        for (const name of locations) for (const one of await queuesOfLocation(db, name)) found.set(one.queue, one);
        return [...found.values()];
      }),
    async places() {
      const places = (await facts.queues()).map(({ location }) => location);
      return places.filter(({ id }, index) => places.findIndex((other) => other.id === id) === index);
    },
    async queueState(queue, signal) {
      broker ??= connectedBroker(signal).catch((error: unknown) => {
        broker = undefined;
        throw error;
      });
      return await translated(broker.then((opened) => opened.inspect(queue)));
    },
    folder: (path) => folderAt(path, resolve(settings.staging.root)),
    forget() {
      known.clear();
      for (const folder of folders.values()) folder.forget();
    },
    async close() {
      for (const folder of folders.values()) folder.stop();
      const opened = await Promise.allSettled([database, broker]);
      await Promise.all(opened.map((one) => one.status === "fulfilled" && one.value?.close()));
    },
  };
  return facts;
}
