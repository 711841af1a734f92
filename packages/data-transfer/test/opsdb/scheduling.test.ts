import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql, { type Sql } from "sql-template-tag";
import { completeItem } from "../../src/opsdb/claim-ends.ts";
import type { Database, Transaction } from "../../src/opsdb/database.ts";
import { cancelJob, retryJob } from "../../src/opsdb/job-control.ts";
import { getItem, getJob, setWaitingTask } from "../../src/opsdb/jobs.ts";
import { pauseLocation, resumeLocation } from "../../src/opsdb/locations.ts";
import { failUnclaimedItem, holdItem, markScheduled, takeItemsToRing } from "../../src/opsdb/scheduling.ts";
import { expireClaims, markRungAgain, readEpoch, scheduledItems, writeEpoch } from "../../src/opsdb/sweep.ts";
import { archived, claimed, oneItem, requested, seedLocations } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

const done = { alreadyThere: false, sourceCopyId: undefined };

/** One round of a manager. */
function ringAll(db: Database, limit = 100): Promise<string[]> {
  return db.transaction(async (tx) => {
    const due = await takeItemsToRing(tx, { limit });
    for (const item of due) await markScheduled(tx, item.id);
    return due.map(({ packageName }) => packageName);
  });
}

for (const version of versions) {
  suite(`scheduling on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("the more urgent job goes first, then the older one; what was rung is not rung again", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const [a, b, c] = [
        await archived(db, catalogue, "a"),
        await archived(db, catalogue, "b"),
        await archived(db, catalogue, "c"),
      ];
      await requested(db, catalogue, [a], { priority: 6 });
      await requested(db, catalogue, [b], { priority: 6 });
      const { job, items } = await requested(db, catalogue, [c], { priority: 0 });
      assert.deepEqual(await ringAll(db, 2), ["c", "a"]);
      assert.deepEqual(await ringAll(db), ["b"]);
      assert.deepEqual(await ringAll(db), []);
      const item = await getItem(db, items[0]!.id);
      assert.deepEqual([item?.status, item?.ringCount], ["scheduled", 1]);
      assert.equal((await getJob(db, job.id))?.status, "scheduled");
    });

    test("two managers at once take different items", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const packages = [];
      for (let i = 0; i < 6; i++) packages.push(await archived(db, catalogue, `p${i}`));
      await requested(db, catalogue, packages);
      const taken = await db.transaction(async (first) => {
        const mine = await takeItemsToRing(first, { limit: 4 });
        const theirs = await db.transaction((second) => takeItemsToRing(second, { limit: 4 }));
        return [mine.length, theirs.length, new Set([...mine, ...theirs].map(({ id }) => id)).size];
      });
      assert.deepEqual(taken, [4, 2, 6]);
    });

    test("of two jobs' items for one package one is rung, the other when that has ended", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const second = await requested(db, world, [world.pack]);
      await db.transaction(async (tx) => {
        const mine = await takeItemsToRing(tx, { limit: 1 });
        assert.deepEqual(
          mine.map(({ id, stagedHere }) => [id, stagedHere]),
          [[world.item.id, false]],
        );
        // A second manager that sees the other item free must not take it either.
        assert.deepEqual(await ringAll(db), []);
        await markScheduled(tx, mine[0]!.id);
      });
      assert.deepEqual(await ringAll(db), []);
      const { claim } = await claimed(db, world, world.item);
      assert.deepEqual(await ringAll(db), []);
      await completeItem(db, claim, done);
      const [next] = await db.transaction((tx) => takeItemsToRing(tx, { limit: 10 }));
      assert.deepEqual([next?.id, next?.stagedHere], [second.items[0]!.id, true]);
    });

    test("nothing is rung for a paused location, and all of it when the pause is over", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await db.transaction((tx) => pauseLocation(tx, world.processing.id, "maintenance", "olga"));
      assert.deepEqual(await ringAll(db), []);
      await db.transaction((tx) => resumeLocation(tx, world.processing.id, "olga"));
      assert.deepEqual(await ringAll(db), [world.pack.name]);
    });

    test("an item that is held says why, and is due again at its time", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await holdItem(db, world.item.id, {
        reason: "no_space",
        code: "CDT-NO-SPACE",
        text: "disk full",
        retryInSeconds: 900,
      });
      const held = await getItem(db, world.item.id);
      assert.deepEqual([held?.status, held?.reason, held?.errorText], ["pending", "no_space", "disk full"]);
      assert.deepEqual(await ringAll(db), []);
      await holdItem(db, world.item.id, {
        reason: "no_space",
        code: "CDT-NO-SPACE",
        text: "disk full",
        retryInSeconds: 0,
      });
      assert.deepEqual(await ringAll(db), [world.pack.name]);
      assert.equal((await getItem(db, world.item.id))?.reason, undefined);
    });

    test("an item that nobody can serve fails, and with the last one its job", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const failure = { reason: "no_source", code: "CDT-NO-SOURCE", text: "no archive has it" } as const;
      const end = await db.transaction((tx) => failUnclaimedItem(tx, world.item.id, failure));
      assert.deepEqual([end?.jobFinished, end?.jobStatus], [true, "failed"]);
      assert.equal(await db.transaction((tx) => failUnclaimedItem(tx, world.item.id, failure)), undefined);
    });

    test("claims that ran out are taken back, after a grace; a cancelled one has ended", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const packages = [
        await archived(db, catalogue, "a"),
        await archived(db, catalogue, "b"),
        await archived(db, catalogue, "c"),
      ];
      const one = await requested(db, catalogue, packages.slice(0, 1));
      const two = await requested(db, catalogue, packages.slice(1, 2));
      const three = await requested(db, catalogue, packages.slice(2));
      await claimed(db, catalogue, one.items[0]!, { leaseSeconds: -30, worker: "gone" });
      await claimed(db, catalogue, two.items[0]!, { leaseSeconds: -30 });
      await claimed(db, catalogue, three.items[0]!, { leaseSeconds: 30 });
      await db.transaction((tx) => cancelJob(tx, two.job.id, "astrid"));
      assert.deepEqual((await expireClaims(db, { graceSeconds: 60, maxFailures: 5 })).items, []);
      const { items: expired } = await expireClaims(db, { graceSeconds: 10, maxFailures: 5 });
      assert.deepEqual(
        expired.map(({ id, status, reason }) => [id, status, reason]),
        [
          [one.items[0]!.id, "pending", "worker_lost"],
          [two.items[0]!.id, "failed", "cancelled"],
        ],
      );
      assert.equal(expired[0]?.claimedBy, "gone");
      assert.equal((await getJob(db, two.job.id))?.status, "failed");
      assert.deepEqual(await ringAll(db), ["a"]);
    });

    test("a package that loses worker after worker fails in the end, and its job's waiter is told", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await setWaitingTask(db, world.job.id, "asked-by-python");
      const ends: unknown[] = [];
      for (let lost = 1; lost <= 3; lost++) {
        await claimed(db, world, world.item, { leaseSeconds: -30 });
        const expired = await expireClaims(db, { graceSeconds: 10, maxFailures: 3 });
        assert.deepEqual(
          expired.items.map(({ status, failures }) => [status, failures]),
          [[lost < 3 ? "pending" : "failed", lost]],
        );
        ends.push(...expired.ends);
      }
      assert.deepEqual(ends, [
        { jobId: world.job.id, jobFinished: true, jobStatus: "failed", waitingTaskId: "asked-by-python" },
      ]);
      await db.transaction((tx) => retryJob(tx, world.job.id, "astrid"));
      assert.equal((await getItem(db, world.item.id))?.failures, 0);
    });

    test("what was rung long ago and never claimed is found, ever less often", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await ringAll(db);
      const found = async (olderThanSeconds: number) =>
        (await scheduledItems(db, { olderThanSeconds, limit: 10 })).map(({ id }) => id);
      const age = (seconds: number) =>
        db.query(
          sql`UPDATE staging_item SET rung_at = now() - make_interval(secs => ${seconds}) WHERE id = ${world.item.id}`,
        );
      assert.deepEqual(await found(60), []);
      assert.deepEqual(await found(0), [world.item.id]);
      await age(70);
      assert.deepEqual(await found(60), [world.item.id]);
      const again = { id: world.item.id, ringCount: 1 };
      assert.deepEqual(await Promise.all([markRungAgain(db, again), markRungAgain(db, again)]), [true, false]);
      await age(70);
      assert.deepEqual(await found(60), []);
      await age(130);
      assert.deepEqual(await found(60), [world.item.id]);
      assert.deepEqual(await scheduledItems(db, { olderThanSeconds: 0, limit: 10, afterId: world.item.id }), []);
      await claimed(db, world, world.item);
      assert.equal(await markRungAgain(db, { ...again, ringCount: 2 }), false);
    });

    test("the broker's epoch is remembered", async (t) => {
      const db = await databases.open(t);
      assert.equal(await readEpoch(db), undefined);
      await writeEpoch(db, "one");
      await writeEpoch(db, "two");
      assert.equal(await readEpoch(db), "two");
    });

    test("with 100,000 items done, finding what is to do reads indexes only", async (t) => {
      const db = await databases.open(t, { statementTimeoutMs: 120_000 });
      const world = await oneItem(db);
      await db.transaction(async (tx) => {
        await tx.query(sql`SET LOCAL session_replication_role = replica`);
        await tx.query(sql`
          INSERT INTO staging_item (staging_job_id, destination_id, priority, raw_data_package_id, package_name, status)
          SELECT ${world.job.id}, ${world.processing.id}, 3, ${world.pack.id}, 'done-' || n, 'completed'
          FROM generate_series(1, 100000) n`);
      });
      await db.query(sql`ANALYZE staging_item`);
      const plans = await explain(db, async (q) => {
        await takeItemsToRing(q, { limit: 100 });
        await scheduledItems(q, { olderThanSeconds: 60, limit: 100 });
        await expireClaims({ ...db, transaction: (work) => work(q) }, { graceSeconds: 60, maxFailures: 5 });
      });
      assert.ok(plans.length >= 3);
      for (const plan of plans) assert.doesNotMatch(plan, /Seq Scan on staging_item/);
      // Each of these leaves finished items out, or finds one row by its key.
      const indexes = plans.join("\n").matchAll(/using (\w+) on staging_item|Index Scan on (staging_item\w+)/g);
      for (const [, used, bitmap] of indexes) {
        assert.match(used ?? bitmap!, /_(pending|waiting|scheduled|claimed|open|failed|one_at_a_time|attempt|pkey)$/);
      }
    });
  });
}

/** Has the statements planned instead of carried out; those that follow from rows that were found are not reached. */
async function explain(db: Database, work: (q: Transaction) => Promise<unknown>): Promise<string[]> {
  const plans: string[] = [];
  await work({
    async query<T>(statement: Sql): Promise<T[]> {
      const rows = await db.query<{ "QUERY PLAN": string }>(sql`EXPLAIN ${statement}`);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return [];
    },
    async copyIn() {},
  });
  return plans;
}
