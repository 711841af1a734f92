import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { ClaimLost, DatabaseReadOnly } from "../../src/errors/database.ts";
import { completeItem, failItem, releaseItem } from "../../src/opsdb/claim-ends.ts";
import { claimItem, renewClaim } from "../../src/opsdb/claims.ts";
import { cancelJob } from "../../src/opsdb/job-control.ts";
import { getItem, getJob } from "../../src/opsdb/jobs.ts";
import { pauseLocation, resumeLocation } from "../../src/opsdb/locations.ts";
import { stagedCopies, stagedFiles } from "../../src/opsdb/packages.ts";
import { holdItem } from "../../src/opsdb/scheduling.ts";
import { archived, claimed, oneItem, requested, seedLocations } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

const done = { alreadyThere: false, sourceCopyId: undefined };
const fault = { reason: "transient", code: "CDT-TEST", text: "the network was away" } as const;

for (const version of versions) {
  suite(`claims on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("of many that claim one item at once, exactly one gets it", async (t) => {
      const db = await databases.open(t, { poolSize: 8 });
      const { item, processing } = await oneItem(db);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          claimItem(db, item.id, { worker: `worker-${i}`, leaseSeconds: 60, locationIds: [processing.id] }),
        ),
      );
      const outcomes = answers.map(({ outcome }) => outcome).sort();
      assert.deepEqual(outcomes, [...Array(7).fill("busy"), "claimed"]);
      const after = await getItem(db, item.id);
      assert.equal(after?.status, "in_progress");
      assert.equal(after?.attempt, 1);
    });

    test("a claim brings the job, the package and the destination, and moves the job on", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const answer = await claimed(db, world, world.item);
      assert.equal(answer.claim.attempt, 1);
      assert.equal(answer.claim.item.claimedBy, "worker-1");
      assert.deepEqual(answer.package, world.pack);
      assert.deepEqual(answer.destination, world.processing);
      const job = await getJob(db, world.job.id);
      assert.equal(job?.status, "in_progress");
      assert.ok(job?.startedAt);
    });

    test("a claim that ran out is taken over, and the old attempt can write nothing", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const old = await claimed(db, world, world.item, { worker: "frozen", leaseSeconds: -1 });
      const next = await claimed(db, world, world.item, { worker: "lively" });
      assert.equal(next.claim.attempt, 2);
      assert.notEqual(next.claim.attemptId, old.claim.attemptId);

      assert.equal(await renewClaim(db, old.claim.attemptId, 60, 1), "lost");
      await assert.rejects(completeItem(db, old.claim, done), ClaimLost);
      await assert.rejects(releaseItem(db, old.claim, { to: "pending", ...fault }), ClaimLost);
      await assert.rejects(failItem(db, old.claim, fault), ClaimLost);

      const item = await getItem(db, world.item.id);
      assert.equal(item?.claimedBy, "lively");
      assert.equal(item?.status, "in_progress");
      assert.deepEqual(await stagedCopies(db, [world.pack.id], world.processing.id), []);
      assert.equal(await renewClaim(db, next.claim.attemptId, 60, 500), "held");
      assert.equal((await getItem(db, world.item.id))?.bytesDone, 500);
    });

    test("what was staged is recorded as a whole: item, job, the package's copy with its lifetime, each file's", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      const before = Date.now();
      const end = await completeItem(db, claim, done);
      assert.deepEqual(end, {
        jobId: world.job.id,
        jobFinished: true,
        jobStatus: "completed",
        waitingTaskId: undefined,
      });
      const item = await getItem(db, world.item.id);
      assert.equal(item?.status, "completed");
      assert.equal(item?.bytesDone, world.pack.size);
      const [copy] = await stagedCopies(db, [world.pack.id], world.processing.id);
      assert.equal(copy?.key, `staged/${world.pack.name}`);
      const lifetime = Date.parse(copy!.expiresAt!) - before;
      assert.ok(Math.abs(lifetime - 3_600_000) < 60_000, `lives ${lifetime} ms`);
      const files = await stagedFiles(db, [world.pack.id], world.processing.id);
      assert.deepEqual(
        files.map(({ key }) => key),
        [0, 1].map((i) => `staged/${world.pack.name}/night/scan-${i}.fits`),
      );
    });

    test("ending an attempt twice the same way changes nothing; another way, the claim is lost", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      const first = await completeItem(db, claim, done);
      const finishedAt = (await getItem(db, world.item.id))?.finishedAt;
      assert.deepEqual(await completeItem(db, claim, done), first);
      assert.equal((await getItem(db, world.item.id))?.finishedAt, finishedAt);
      await assert.rejects(failItem(db, claim, fault), ClaimLost);
      assert.equal(await renewClaim(db, claim.attemptId, 60, 0), "lost");
    });

    test("an item that was given back is due when it was said, and not before", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const first = await claimed(db, world, world.item);
      await releaseItem(db, first.claim, { to: "pending", retryInSeconds: 3600, countsAsFailure: true, ...fault });
      const item = await getItem(db, world.item.id);
      assert.deepEqual([item?.status, item?.reason, item?.errorCode], ["pending", "transient", "CDT-TEST"]);
      assert.equal(item?.failures, 1);
      const options = { worker: "w", leaseSeconds: 60, locationIds: [world.processing.id] };
      assert.equal((await claimItem(db, world.item.id, options)).outcome, "busy");
      await db.query(sql`UPDATE staging_item SET retry_at = now() - interval '1 second' WHERE id = ${world.item.id}`);
      const second = await claimed(db, world, world.item);
      assert.equal(second.claim.attempt, 2);
      await releaseItem(db, second.claim, { to: "scheduled", ...fault, reason: "interrupted" });
      assert.equal((await getItem(db, world.item.id))?.status, "scheduled");
      const third = await claimed(db, world, world.item);
      assert.deepEqual([third.claim.attempt, third.claim.item.failures], [3, 1]);
    });

    test("a job fails when an item of it failed, but only when the last has ended", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const packages = [await archived(db, catalogue, "bad"), await archived(db, catalogue, "good")];
      const { job, items } = await requested(db, catalogue, packages);
      const bad = await claimed(db, catalogue, items[0]!);
      const good = await claimed(db, catalogue, items[1]!);
      const corrupt = { reason: "corrupt_source", code: "CDT-CHECKSUM", text: "wrong sum" } as const;
      assert.equal((await failItem(db, bad.claim, corrupt)).jobFinished, false);
      assert.deepEqual(await completeItem(db, good.claim, done), {
        jobId: job.id,
        jobFinished: true,
        jobStatus: "failed",
        waitingTaskId: undefined,
      });
    });

    test("two items that end at once: one of them closes the job", async (t) => {
      const db = await databases.open(t, { poolSize: 12 });
      const catalogue = await seedLocations(db);
      const packages = [];
      for (let i = 0; i < 6; i++) packages.push(await archived(db, catalogue, `p${i}`));
      const { job, items } = await requested(db, catalogue, packages);
      const claims = [];
      for (const item of items) claims.push(await claimed(db, catalogue, item));
      const ends = await Promise.all(claims.map(({ claim }) => completeItem(db, claim, done)));
      assert.equal(ends.filter(({ jobFinished }) => jobFinished).length, 1);
      assert.equal((await getJob(db, job.id))?.status, "completed");
    });

    test("why an item cannot be claimed is said", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const claim = (locationIds = [world.processing.id], id = world.item.id) =>
        claimItem(db, id, { worker: "w", leaseSeconds: 60, locationIds });
      assert.equal((await claim([world.processing.id], 987654)).outcome, "unknown");
      assert.equal((await claim([world.archive.id])).outcome, "elsewhere");

      await db.transaction((tx) => pauseLocation(tx, world.processing.id, "maintenance until noon", "olga"));
      const paused = await claim();
      assert.equal(paused.outcome === "paused" && paused.message, "maintenance until noon");
      await holdItem(db, world.item.id, { reason: "paused", code: "CDT-PAUSED", text: "maintenance" });
      await db.transaction((tx) => resumeLocation(tx, world.processing.id, "olga"));

      const { claim: held } = await claimed(db, world, world.item);
      assert.equal((await claim()).outcome, "busy");
      await completeItem(db, held, done);
      assert.equal((await claim()).outcome, "finished");

      const { job, items } = await requested(db, world, [world.pack]);
      await db.transaction((tx) => cancelJob(tx, job.id, "astrid"));
      assert.equal((await claim([world.processing.id], items[0]!.id)).outcome, "cancelled");
    });

    test("items of two jobs for one package are never worked on at once", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { items } = await requested(db, world, [world.pack]);
      const first = await claimed(db, world, world.item);
      const options = { worker: "w", leaseSeconds: 60, locationIds: [world.processing.id] };
      assert.equal((await claimItem(db, items[0]!.id, options)).outcome, "busy");
      await completeItem(db, first.claim, done);
      const second = await claimed(db, world, items[0]!);
      await completeItem(db, second.claim, { alreadyThere: true, sourceCopyId: undefined });
      assert.equal((await getItem(db, items[0]!.id))?.alreadyThere, true);
      assert.equal((await stagedCopies(db, [world.pack.id], world.processing.id)).length, 1);
    });

    test("a worker hears of a cancelled job when it renews, and its release is the item's end", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      const answer = await db.transaction((tx) => cancelJob(tx, world.job.id, "astrid"));
      assert.deepEqual([answer?.cancelled, answer?.stopping, answer?.end.jobFinished], [0, 1, false]);
      assert.equal(await renewClaim(db, claim.attemptId, 60, 0), "cancelled");
      const end = await releaseItem(db, claim, { to: "pending", ...fault });
      assert.deepEqual([end.jobFinished, end.jobStatus], [true, "failed"]);
      assert.equal((await getItem(db, world.item.id))?.reason, "cancelled");
    });

    test("nothing is claimed on a server that takes no writes", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const [{ name }] = (await db.query<{ name: string }>(sql`SELECT current_database() AS name`)) as [
        { name: string },
      ];
      await databases.server.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      const readOnly = await databases.open(t, { database: name });
      await assert.rejects(
        claimItem(readOnly, world.item.id, { worker: "w", leaseSeconds: 60, locationIds: [world.processing.id] }),
        DatabaseReadOnly,
      );
      await assert.rejects(readOnly.ping(), DatabaseReadOnly);
      assert.equal((await getItem(db, world.item.id))?.attempt, 0);
    });
  });
}
