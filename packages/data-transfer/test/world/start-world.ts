import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Broker } from "@ccatobs/celery";
import { pino } from "pino";
import sql from "sql-template-tag";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { readEpoch } from "../../src/opsdb/sweep.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { requestStaging } from "../../src/staging/request.ts";
import { startDatabases } from "../opsdb/test-database.ts";
import { createArchive } from "./archive.ts";
import { lastFirst } from "./cleaning.ts";
import { createEngine } from "./engine.ts";
import { expectOutcome } from "./expect.ts";
import { itemsInMotion, readItems } from "./items.ts";
import { queueInMemory, queueOnRedis, redisForWorld } from "./queue.ts";
import { seedLocations } from "./seed.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";

export interface WorldOptions {
  /** A real Redis with TLS and client certificates, in place of the broker in memory. */
  redis?: boolean;
  /** Settings by key, as one would write them on the command line. */
  settings?: Readonly<Record<string, string>>;
  /** Path of the processing location; by default a folder in `scratch`. */
  processingPath?: (folder: string) => string;
}

const databases = await startDatabases(18);

/** Everything is fast, and what waits for a next attempt waits until a test lets time pass. */
const usualSettings = {
  "broker.kind": "memory",
  "broker.lease": "10s",
  "manager.sleep_time": "100ms",
  "manager.sweep_interval": "1h",
  "staging.retry_base": "1h",
  "staging.retry_max": "1h",
  "staging.keep_free": "0",
  "storage.retries": "0",
};

export async function startWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const scope = lastFirst(t);
  const folder = await temporaryDirectory(scope);
  const server = options.redis ? await redisForWorld(scope) : undefined;
  const settings = await settingsFor(folder, { ...server?.settings, ...options.settings });
  const lines: string[] = [];
  const log = pino({ level: "debug", base: undefined }, { write: (line: string) => void lines.push(line) });
  if (process.env.WORLD_LOG) scope.after(() => void process.stderr.write(lines.join("")));

  const db = await databases.open(scope);
  const scratch = join(folder, "scratch");
  for (const place of ["processing", "spare"]) await mkdir(join(scratch, place), { recursive: true });
  const processing = options.processingPath?.(folder) ?? join(scratch, "processing");
  const archives = join(folder, "archives");
  const locations = await seedLocations(db, { processing, spare: join(scratch, "spare"), archives });
  const queue = server ? queueOnRedis(scope, server.redis, settings, log) : queueInMemory(scope, settings);
  const { broker, results } = await queue.connect();
  const { startWorker, startManager, startWhatIsMissing } = createEngine(scope, { settings, log, db, queue });

  const world: World = {
    ...{ db, databases, queue, broker, results, locations, folder, startWorker, startManager },
    archive: await createArchive(db, archives, locations),
    queueName: "cologne_ramses_processing_staging",
    staged: join(processing, "staged"),
    request(packages, { to = "ramses_processing", priority = 3 } = {}) {
      const names = packages.map((one) => (typeof one === "string" ? one : one.name));
      const how = { destination: to, requester: "astrid", lifetime: 3600, priority };
      return requestStaging(db, { packages: names, ...how });
    },
    async workUntilIdle() {
      await startWhatIsMissing();
      await withLog(lines, () => untilIdle(world));
    },
    message: (raw) => queue.push(world.queueName, raw),
    async item({ name }) {
      return (await readItems(db)).get(name)!;
    },
    untilItem: ({ name }, what, is) =>
      withLog(lines, () =>
        until(`${name} ${what}`, async () => {
          const item = (await readItems(db)).get(name);
          return item !== undefined && is(item) && item;
        }),
      ),
    untilQuiet: () => until("the queues were empty", () => isQuiet(broker)).then(() => undefined),
    async untilDeadLetters(count) {
      await until(`${count} messages were put aside`, async () => (await broker.deadLetters()).length === count);
    },
    async untilUnacked(count) {
      await until(`${count} messages were in workers' hands`, async () => {
        const { waiting, unacked } = await broker.inspect(world.queueName);
        return waiting === 0 && unacked.count === count;
      });
    },
    async untilSwept(times) {
      const before = queue.sweeps;
      await until(`it was swept ${times} times`, () => queue.sweeps >= before + times);
    },
    async untilPublished(count) {
      await until(`${count} messages were published`, () => queue.published.length >= count);
    },
    async untilEpochKnown() {
      await until("the epoch was noted", () => readEpoch(db));
    },
    async letTimePass() {
      await db.query(sql`UPDATE staging_item SET retry_at = now() WHERE retry_at IS NOT NULL`);
    },
    directoryOf: ({ name }) => join(world.staged, name),
    expect: (expected) => withLog(lines, () => expectOutcome(world, expected)),
  };
  return world;
}

async function settingsFor(folder: string, more: Readonly<Record<string, string>>) {
  const cwd = join(folder, "settings");
  await mkdir(cwd);
  const places = { "staging.root": join(folder, "scratch"), "storage.allowed_roots": join(folder, "archives") };
  const overrides = Object.entries({ ...usualSettings, ...places, ...more });
  return loadSettings({ env: {}, cwd, overrides: overrides.map(([key, text]) => ({ key, text, option: "test" })) })
    .settings;
}

/** Nothing waits in a queue or is in anybody's hands, and no item could be worked on now. */
async function untilIdle({ db, broker }: World): Promise<void> {
  await until(
    "everything was done",
    // The queue once more at the end: a message may have come and gone into somebody's hands meanwhile.
    async () => (await isQuiet(broker)) && (await itemsInMotion(db)).length === 0 && (await isQuiet(broker)),
  );
}

async function isQuiet(broker: Broker): Promise<boolean> {
  for (const queue of ["cologne_ramses_processing_staging", "cologne_spare_processing_staging"]) {
    const { waiting, unacked } = await broker.inspect(queue);
    if (waiting + unacked.count > 0) return false;
  }
  return true;
}

/** Whoever reads of a failure wants to know what went on before it. */
async function withLog<T>(lines: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error) error.message += `\n\nlatest log lines:\n${lines.slice(-20).join("")}`;
    throw error;
  }
}
