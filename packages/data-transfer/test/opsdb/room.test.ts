import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { ClaimLost } from "../../src/errors/database.ts";
import type { FreeRoom, Room } from "../../src/model/room.ts";
import type { Claim } from "../../src/model/staging.ts";
import { insertPackage } from "../../src/opsdb/catalogue.ts";
import { completeItem, failItem, releaseItem } from "../../src/opsdb/claim-ends.ts";
import { claimItem, renewClaim } from "../../src/opsdb/claims.ts";
import { type Database, openDatabase } from "../../src/opsdb/database.ts";
import { getItem } from "../../src/opsdb/jobs.ts";
import { findLocation, setBudget } from "../../src/opsdb/locations.ts";
import { defaultRoles } from "../../src/opsdb/roles.ts";
import { packageRoom, type RoomInUse, reserveRoom, roomInUse, wakeWaiting } from "../../src/opsdb/room.ts";
import { expireClaims } from "../../src/opsdb/sweep.ts";
import { archived, type Catalogue, claimed, oneItem, requested, seedLocations } from "./sample-catalogue.ts";
import { missing, quiet, startDatabases, versions } from "./test-database.ts";

const done = { alreadyThere: false, sourceCopyId: undefined };
const fault = { reason: "transient", code: "CDT-TEST", text: "the network was away" } as const;
const full = { reason: "no_space", code: "CDT-NOT-ENOUGH-SPACE", text: "no room" } as const;
const nothing: Room = { bytes: 0, files: 0 };

/** A file system with so much free, that nobody else writes to. */
class Refused extends Error {}
function disk(free: number, needed: number, seen?: RoomInUse[]) {
  return async (use: RoomInUse): Promise<FreeRoom> => {
    seen?.push(use);
    if (free - use.unwritten.bytes < needed) throw new Refused();
    return { bytes: free, files: undefined };
  };
}

/** Promises whatever is asked for, and answers what was promised to others. */
async function promise(db: Database, claim: Claim, bytes: number, files = 1): Promise<RoomInUse> {
  const seen: RoomInUse[] = [];
  await reserveRoom(db, claim, { bytes, unwritten: { bytes, files } }, disk(Number.MAX_SAFE_INTEGER, 0, seen));
  return seen[0]!;
}

/** So many claims at one location. */
async function claims(db: Database, count: number, lease = 60): Promise<Catalogue & { claims: Claim[] }> {
  const catalogue = await seedLocations(db);
  const packages = [];
  for (let i = 0; i < count; i++) packages.push(await archived(db, catalogue, `p${i}`));
  const { items } = await requested(db, catalogue, packages);
  const all: Claim[] = [];
  for (const item of items) all.push((await claimed(db, catalogue, item, { leaseSeconds: lease })).claim);
  return { ...catalogue, claims: all };
}

for (const version of versions) {
  suite(`room on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("of many that ask for the last room at once one gets it, and no more is promised than there is", async (t) => {
      const db = await databases.open(t, { poolSize: 9 });
      const { claims: all, processing } = await claims(db, 8);
      const room = { bytes: 6, unwritten: { bytes: 6, files: 1 } };
      const answers = await Promise.allSettled(all.map((claim) => reserveRoom(db, claim, room, disk(20, 6))));
      assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 3);
      for (const answer of answers) if (answer.status === "rejected") assert.ok(answer.reason instanceof Refused);
      const use = await roomInUse(db, processing.id);
      assert.deepEqual([use.reserved, use.unwritten], [18, { bytes: 18, files: 3 }]);
    });

    test("renewals take from a promise what was written, never add to it, and leave it as it is when they know nothing", async (t) => {
      const db = await databases.open(t);
      const { claims: all, processing } = await claims(db, 1);
      await promise(db, all[0]!, 1000, 10);
      const left = async () => (await roomInUse(db, processing.id)).unwritten;
      await renewClaim(db, all[0]!.attemptId, 60, 5);
      assert.deepEqual(await left(), { bytes: 1000, files: 10 });
      await renewClaim(db, all[0]!.attemptId, 60, 400, { bytes: 600, files: 7 });
      assert.deepEqual(await left(), { bytes: 600, files: 7 });
      await renewClaim(db, all[0]!.attemptId, 60, 400, { bytes: 900, files: 9 });
      assert.deepEqual(await left(), { bytes: 600, files: 7 });
      assert.equal((await roomInUse(db, processing.id)).reserved, 1000);
    });

    test("a promise ends with its claim, however that ends, and does not count once the lease is over", async (t) => {
      const db = await databases.open(t);
      const { claims: all, processing } = await claims(db, 5);
      const [completed, released, failed, expired, next] = all as [Claim, Claim, Claim, Claim, Claim];
      for (const claim of [completed, released, failed, expired]) await promise(db, claim, 10);
      const reserved = async () => (await roomInUse(db, processing.id)).reserved;
      assert.equal(await reserved(), 40);
      await completeItem(db, completed, done);
      assert.equal(await reserved(), 30);
      await releaseItem(db, released, { to: "pending", ...fault });
      assert.equal(await reserved(), 20);
      await failItem(db, failed, fault);
      assert.equal(await reserved(), 10);
      await renewClaim(db, expired.attemptId, -1, 0);
      assert.equal(await reserved(), 0);
      assert.equal((await promise(db, next, 1)).reserved, 0);
      await renewClaim(db, next.attemptId, -60, 0);
      await expireClaims(db, { graceSeconds: 0, maxFailures: 5 });
      const rows = await db.query(sql`
        SELECT id FROM staging_item WHERE reserved_bytes > 0 OR unwritten_bytes > 0 OR unwritten_files > 0`);
      assert.deepEqual(rows, []);
    });

    test("whoever has lost the claim is promised nothing; who asks again has his promise replaced", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const old = await claimed(db, world, world.item, { leaseSeconds: -1 });
      await assert.rejects(promise(db, old.claim, 5), ClaimLost);
      const { claim } = await claimed(db, world, world.item);
      await assert.rejects(promise(db, old.claim, 5), ClaimLost);
      await promise(db, claim, 10);
      assert.equal((await promise(db, claim, 30)).reserved, 0, "one's own does not count");
      assert.equal((await roomInUse(db, world.processing.id)).reserved, 30);
      const again = claimItem(db, world.item.id, {
        worker: "w",
        leaseSeconds: 60,
        locationIds: [world.processing.id],
      });
      assert.equal((await again).outcome, "busy");
      await renewClaim(db, claim.attemptId, -1, 0);
      await claimed(db, world, world.item);
      assert.equal((await roomInUse(db, world.processing.id)).reserved, 0, "the next attempt begins without one");
    });

    test("a budget counts what is staged and what is promised, but not one's own older copy", async (t) => {
      const db = await databases.open(t);
      const { claims: all, processing } = await claims(db, 3);
      await db.transaction((tx) => setBudget(tx, processing.id, 9000, "olga"));
      assert.equal((await findLocation(db, "ramses_processing"))?.budget, 9000);
      const [first, second, third] = all as [Claim, Claim, Claim];
      await promise(db, first, 2000);
      await completeItem(db, first, done);
      await promise(db, second, 2500);
      await renewClaim(db, second.attemptId, 60, 2500, nothing);
      const use = await promise(db, third, 1);
      assert.deepEqual(
        [use.budget, use.staged, use.reserved, use.unwritten],
        [9000, 2000, 2500, nothing],
        "what was written counts until it is recorded",
      );
      const own = await roomInUse(db, processing.id, { packageId: first.item.packageId });
      assert.equal(own.staged, 0);
      await db.transaction((tx) => setBudget(tx, processing.id, undefined, "olga"));
      assert.equal((await roomInUse(db, processing.id)).budget, undefined);
      // A list that does not speak of it leaves it as it is.
      await db.transaction((tx) => setBudget(tx, processing.id, 7, "olga"));
      await seedLocations(db);
      assert.equal((await findLocation(db, "ramses_processing"))?.budget, 7);
    });

    test("who waits for room is tried again when an attempt gives some back, but not for one that found none", async (t) => {
      const db = await databases.open(t);
      const { claims: all, processing } = await claims(db, 6);
      const [waiting, full1, empty, released, failed, expired] = all as [Claim, Claim, Claim, Claim, Claim, Claim];
      const waits = () => releaseItem(db, waiting, { to: "pending", ...full, retryInSeconds: 3600 });
      await waits();
      const woken = async () => {
        const { retryAt } = (await getItem(db, waiting.item.id))!;
        await db.query(sql`UPDATE staging_item SET retry_at = now() + interval '1 hour' WHERE id = ${waiting.item.id}`);
        return Date.parse(retryAt!) < Date.now() + 600_000;
      };
      for (const claim of [full1, released, failed, expired]) await promise(db, claim, 10);
      await releaseItem(db, full1, { to: "pending", ...full, reason: "no_space", retryInSeconds: 3600 });
      assert.equal(await woken(), false, "two that find no room would wake each other for ever");
      await releaseItem(db, empty, { to: "pending", ...fault, retryInSeconds: 3600 });
      assert.equal(await woken(), false, "nothing was promised to it");
      await releaseItem(db, released, { to: "pending", ...fault, retryInSeconds: 3600 });
      assert.equal(await woken(), true);
      await failItem(db, failed, fault);
      assert.equal(await woken(), true);
      await renewClaim(db, expired.attemptId, -60, 0);
      await expireClaims(db, { graceSeconds: 0, maxFailures: 5 });
      assert.equal(await woken(), true);
      await db.transaction((tx) => setBudget(tx, processing.id, 1, "olga"));
      assert.equal(await woken(), true);
      assert.equal(await wakeWaiting(db, processing.id, { code: "CDT-STORAGE-STALLED" }), 0);
      assert.equal(await woken(), false, "it waits for something else");
    });

    test("what a package takes is reckoned in blocks, with its folders", async (t) => {
      const db = await databases.open(t);
      await seedLocations(db);
      const file = (path: string, size: number) => ({ path, size, checksum: undefined });
      const files = [file("a/1", 0), file("a/2", 1), file("a/b/3", 4096), file("4", 4097)];
      const { id } = await db.transaction((tx) =>
        insertPackage(tx, { name: "p", size: 1, checksum: undefined, state: "archived", files }),
      );
      assert.deepEqual(await packageRoom(db, id), { bytes: 4096 * (1 + 1 + 2), files: 4 + 3 });
    });

    test("a worker's role may promise room, and may not set budgets", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      const [row] = await db.query<{ name: string }>(sql`SELECT current_database() AS name`);
      await db.query(sql`
        DO $$ BEGIN CREATE ROLE promising LOGIN PASSWORD 'w'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
      await databases.server.query(`GRANT ${defaultRoles.worker} TO promising`);
      const worker = openDatabase({ ...databases.options(row!.name), user: "promising", password: "w" }, quiet);
      t.after(() => worker.close());
      await promise(worker, claim, 5);
      assert.equal((await roomInUse(db, world.processing.id)).reserved, 5);
      await assert.rejects(worker.query(sql`UPDATE data_location SET budget_bytes = 1`));
    });
  });
}
