import { Process, whoRuns } from "../../../../celery/test/simulation/process.ts";
import { Random } from "../../../../celery/test/simulation/random.ts";
import { Tale } from "../../../../celery/test/simulation/tale.ts";
import { Timeline } from "../../../../celery/test/simulation/timeline.ts";
import type { Claim } from "../../../src/model/staging.ts";
import type { Database } from "../../../src/opsdb/database.ts";
import { insertLocations, insertPackage } from "../catalogue-rows.ts";
import { DatabaseHost, type Recorder } from "../database/database-host.ts";
import { Disk } from "../disk/disk.ts";
import { Fates } from "../fate.ts";
import { openDatabase, schema } from "../participants.ts";
import { loadProduct, type Product } from "../product/load.ts";
import { actIn } from "../simulated.ts";
import { readSchema } from "./read-schema.ts";
import { SimulatedPostgres } from "./server.ts";

/** The claims that are known to anybody: whoever likes may try to end them, also long after they are lost. */
type Claims = Claim[];

/**
 * Several processes do at random what managers, workers and operators do with the database, with the real functions, all at
 * once and to the same few items, so that statements meet locks, duplicates and rows that have changed under them.
 */
export async function contend(seed: number, record: Recorder): Promise<void> {
  const product = await loadProduct();
  const timeline = new Timeline();
  const random = new Random(seed);
  const fates = new Fates();
  let uuids = 0;
  const postgres = new SimulatedPostgres({
    ...{ tables: readSchema(product.migrations.migrations), now: () => Date.UTC(2030, 0, 1) + timeline.now, schema },
    newUuid: () => `00000000-0000-4000-8000-${String(++uuids).padStart(12, "0")}`,
    transitions: product.transitions.itemTransitions,
  });
  const database = new DatabaseHost(postgres, timeline, fates);
  database.record = record;
  actIn({ timeline, disk: new Disk(), database, fates, random });
  const tale = new Tale(() => timeline.now);
  const run = async (name: string, act: (db: Database) => Promise<void>, ms: number) => {
    const process = new Process(name, timeline);
    let failed: unknown;
    process.later(0, () => void act(openDatabase({ product, tale }, process)).catch((error) => (failed ??= error)));
    await timeline.pass(ms, () => failed !== undefined || database.defect !== undefined);
    if (failed ?? database.defect) throw failed ?? database.defect;
  };
  try {
    await run("operator", (db) => seedCatalogue(product, db), 100);
    const claims: Claims = [];
    const many = Array.from({ length: 3 }, (_, i) =>
      run(`process ${i + 1}`, (db) => actAtRandom(product, db, random, claims), 0),
    );
    await Promise.all(many);
    await run("nobody", async () => {}, 60_000);
  } finally {
    actIn(undefined);
  }
}

const packages = 2;

async function seedCatalogue(product: Product, db: Database): Promise<void> {
  await insertLocations(product, db, "/data/ramses");
  for (let i = 0; i < packages; i++) {
    const files = [{ path: "scan.fits", size: 10, digest: "0".repeat(64) }];
    await insertPackage(db, { id: uuidOf(i), name: `package-${i}`, size: 10, files });
  }
}

function uuidOf(number: number): string {
  return `10000000-0000-4000-8000-00000000000${number}`;
}

async function actAtRandom(product: Product, db: Database, random: Random, claims: Claims): Promise<void> {
  const process = whoRuns();
  for (let i = 0; i < 40; i++) {
    await process.sleep(random.of([0, 0, 0.2, 0.5, 1500]));
    const act = random.weighted(weights);
    try {
      await acts[act](product, db, random, claims);
    } catch (error) {
      // What comes of it is compared; that it is one of our errors is all that is asked here.
      if (typeof (error as { code?: unknown }).code !== "string") throw error;
    }
  }
}

type Act = (product: Product, db: Database, random: Random, claims: Claims) => Promise<unknown>;

const weights = {
  ...{ request: 2, claim: 8, renew: 3, complete: 4, release: 4, fail: 1, expire: 2, ring: 4, hold: 1 },
  ...{ cancel: 1, retry: 2, ringAgain: 1, look: 1, lose: 1, pause: 1 },
} satisfies Record<string, number>;

const anItem = (random: Random) => random.integer(1, 6);
const why = { code: "CDT-TEST", text: "for a test" };

const acts: Record<keyof typeof weights, Act> = {
  request: ({ jobs }, db, random) =>
    db.transaction((tx) =>
      jobs.createJob(tx, {
        ...{ destinationId: 2, requester: "somebody", priority: random.of([3, 5]), lifetime: 3600 },
        items: Array.from({ length: packages }, (_, i) => ({
          packageId: uuidOf(i),
          packageName: `package-${i}`,
          size: 10,
        })),
      }),
    ),
  async claim({ items }, db, random, claims) {
    const leaseSeconds = random.of([-1, 1, 20]);
    const options = { worker: whoRuns().name, leaseSeconds, locationIds: random.of([[2], [2], [2], [1]]) };
    const answer = await items.claimItem(db, anItem(random), options);
    if (answer.outcome === "claimed") claims.push(answer.claim);
  },
  async renew({ items }, db, random, claims) {
    if (claims.length > 0) await items.renewClaim(db, random.of(claims).attemptId, 20, 5);
  },
  async complete({ items }, db, random, claims) {
    if (claims.length > 0) await items.completeItem(db, random.of(claims), { alreadyThere: false, sourceCopyId: 1 });
  },
  async release({ items }, db, random, claims) {
    if (claims.length === 0) return;
    const to = random.of(["pending", "scheduled"] as const);
    const release = { ...why, to, reason: "transient", retryInSeconds: random.of([0, 2]) } as const;
    await items.releaseItem(db, random.of(claims), { ...release, countsAsFailure: random.chance(0.5) });
  },
  async fail({ items }, db, random, claims) {
    if (claims.length > 0) await items.failItem(db, random.of(claims), { ...why, reason: "transient" });
  },
  expire: ({ sweep }, db) => sweep.expireClaims(db, { graceSeconds: 0.5, maxFailures: 3 }),
  ring: ({ items }, db, random) =>
    db.transaction(async (tx) => {
      for (const { id } of await items.takeItemsToRing(tx, { limit: random.of([1, 3]) }))
        await items.markScheduled(tx, id);
    }),
  hold: ({ items }, db, random) =>
    items.holdItem(db, anItem(random), { ...why, reason: "paused", retryInSeconds: random.of([0, 1]) }),
  cancel: ({ control }, db, random) => db.transaction((tx) => control.cancelJob(tx, random.integer(1, 3), "somebody")),
  retry: ({ control }, db, random) => db.transaction((tx) => control.retryJob(tx, random.integer(1, 3), "somebody")),
  async ringAgain({ sweep }, db) {
    for (const item of await sweep.scheduledItems(db, { olderThanSeconds: 1, limit: 2 })) {
      await sweep.markRungAgain(db, item);
    }
  },
  look: ({ jobs }, db, random) => jobs.jobItems(db, random.integer(1, 3)),
  async lose({ lifetimes }, db, random, claims) {
    if (claims.length === 0) return;
    await db.transaction((tx) => lifetimes.recordStagedCopyLost(tx, random.of(claims), { found: "nothing" }));
  },
  async pause({ locations }, db) {
    await db.transaction((tx) => locations.pauseLocation(tx, 2, "for a test", "somebody"));
    await whoRuns().sleep(1);
    await db.transaction((tx) => locations.resumeLocation(tx, 2, "somebody"));
  },
};
