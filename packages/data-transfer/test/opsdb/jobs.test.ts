import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { auditTrail } from "../../src/opsdb/audit.ts";
import { completeItem, failItem } from "../../src/opsdb/claim-ends.ts";
import { renewClaim } from "../../src/opsdb/claims.ts";
import { cancelJob, retryJob } from "../../src/opsdb/job-control.ts";
import { jobProgress } from "../../src/opsdb/job-progress.ts";
import { createJob, getJob, jobItems, listJobs, setWaitingTask } from "../../src/opsdb/jobs.ts";
import { markVerified, releaseJobCopies } from "../../src/opsdb/lifetimes.ts";
import { listenForItems, listenForProgress } from "../../src/opsdb/notifications.ts";
import { stagedCopies } from "../../src/opsdb/packages.ts";
import { archived, claimed, oneItem, requested, seedLocations } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

const done = { alreadyThere: false, sourceCopyId: undefined };
const unknown = {
  reason: "unknown_package",
  code: "CDT-UNKNOWN-PACKAGE",
  text: "the catalogue has no such package",
} as const;

for (const version of versions) {
  suite(`jobs on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("a job with one unknown package among good ones waits for the good ones", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const good = await archived(db, catalogue, "good");
      const job = await db.transaction((tx) =>
        createJob(tx, {
          destinationId: catalogue.processing.id,
          requester: "astrid",
          priority: 2,
          lifetime: 60,
          items: [
            { packageId: good.id, packageName: "good", size: good.size },
            { packageId: good.id, packageName: "good", size: good.size },
            { packageName: "typo", size: 0, failed: unknown },
          ],
        }),
      );
      assert.equal(job.status, "pending");
      const items = await jobItems(db, job.id);
      assert.deepEqual(
        items.map(({ packageName, status, errorCode }) => [packageName, status, errorCode]),
        [
          ["good", "pending", undefined],
          ["typo", "failed", "CDT-UNKNOWN-PACKAGE"],
        ],
      );
      const { claim } = await claimed(db, catalogue, items[0]!);
      assert.equal((await completeItem(db, claim, done)).jobStatus, "failed");

      await archived(db, catalogue, "typo");
      assert.equal(await db.transaction((tx) => retryJob(tx, job.id, "astrid")), 1);
      const retried = (await jobItems(db, job.id))[1]!;
      assert.deepEqual([retried.status, retried.size > 0, retried.packageId !== undefined], ["pending", true, true]);
      assert.equal((await getJob(db, job.id))?.finishedAt, undefined);
    });

    test("a job of which nothing can be done has failed at once", async (t) => {
      const db = await databases.open(t);
      const { processing } = await seedLocations(db);
      const job = await db.transaction((tx) =>
        createJob(tx, {
          destinationId: processing.id,
          requester: "astrid",
          priority: 2,
          lifetime: 60,
          items: [{ packageName: "typo", size: 0, failed: unknown }],
        }),
      );
      assert.equal(job.status, "failed");
      assert.ok(job.finishedAt);
    });

    test("progress counts items and bytes, and knows the place in the queue", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const packages = [];
      for (const name of ["a", "b", "c", "d"]) packages.push(await archived(db, catalogue, name));
      const ours = await requested(db, catalogue, packages.slice(0, 3), { priority: 5 });
      const urgent = await requested(db, catalogue, packages.slice(3), { priority: 0 });
      const first = await claimed(db, catalogue, ours.items[0]!);
      await completeItem(db, first.claim, done);
      const second = await claimed(db, catalogue, ours.items[1]!);
      await renewClaim(db, second.claim.attemptId, 60, 500);
      const progress = await jobProgress(db, ours.job.id);
      assert.deepEqual(progress?.counts, { pending: 1, scheduled: 0, in_progress: 1, completed: 1, failed: 0 });
      assert.deepEqual([progress?.bytesDone, progress?.bytesTotal, progress?.moved.bytes], [2500, 6000, 2500]);
      assert.ok(progress!.moved.seconds >= 0);
      assert.deepEqual(progress?.places, [{ itemId: ours.items[2]!.id, place: 2 }]);
      assert.deepEqual((await jobProgress(db, urgent.job.id))?.places, [{ itemId: urgent.items[0]!.id, place: 1 }]);
      assert.equal(await jobProgress(db, 987654), undefined);
    });

    test("cancelling ends what waits at once, and says what still runs; retrying begins anew", async (t) => {
      const db = await databases.open(t);
      const catalogue = await seedLocations(db);
      const { job, items } = await requested(db, catalogue, [
        await archived(db, catalogue, "a"),
        await archived(db, catalogue, "b"),
      ]);
      const { claim } = await claimed(db, catalogue, items[0]!);
      const answer = await db.transaction((tx) => cancelJob(tx, job.id, "astrid"));
      assert.deepEqual([answer?.cancelled, answer?.stopping, answer?.end.jobFinished], [1, 1, false]);
      const cancelled = { reason: "cancelled", code: "CDT-CANCELLED", text: "cancelled" } as const;
      assert.equal((await failItem(db, claim, cancelled)).jobStatus, "failed");
      assert.equal(await db.transaction((tx) => retryJob(tx, job.id, "astrid")), 2);
      assert.equal((await getJob(db, job.id))?.status, "pending");
      assert.deepEqual(
        (await jobItems(db, job.id)).map(({ status, taskId }) => [status, taskId]),
        items.map(({ taskId }) => ["pending", taskId]),
      );
      assert.deepEqual(
        (await auditTrail(db, `job:${job.id}`)).map(({ action }) => action),
        ["request", "cancel", "retry"],
      );
      assert.equal(await db.transaction((tx) => cancelJob(tx, 987654, "astrid")), undefined);
      assert.equal(await db.transaction((tx) => retryJob(tx, 987654, "astrid")), undefined);
    });

    test("jobs are listed by who asked, where to, and state", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const other = await requested(db, world, [world.pack], { requester: "bruno" });
      const ids = async (filter: Parameters<typeof listJobs>[1]) => (await listJobs(db, filter)).map(({ id }) => id);
      assert.deepEqual(await ids({}), [other.job.id, world.job.id]);
      assert.deepEqual(await ids({ requester: "bruno" }), [other.job.id]);
      assert.deepEqual(await ids({ statuses: ["completed"] }), []);
      assert.deepEqual(await ids({ destinationId: world.archive.id }), []);
      assert.deepEqual(await ids({ limit: 1 }), [other.job.id]);
    });

    test("whoever waits for a whole job is named when its last item ends", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await setWaitingTask(db, world.job.id, "a-python-task");
      const { claim } = await claimed(db, world, world.item);
      assert.equal((await completeItem(db, claim, done)).waitingTaskId, "a-python-task");
    });

    test("a staged copy lives as long as the longest of its jobs, and ends when all gave it up", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const first = await claimed(db, world, world.item);
      await completeItem(db, first.claim, done);
      const long = await requested(db, world, [world.pack], { lifetime: 7200 });
      const second = await claimed(db, world, long.items[0]!);
      await completeItem(db, second.claim, { ...done, alreadyThere: true });
      const copy = async () => (await stagedCopies(db, [world.pack.id], world.processing.id))[0]!;
      const hoursLeft = async () => Math.round((Date.parse((await copy()).expiresAt!) - Date.now()) / 3_600_000);
      assert.equal(await hoursLeft(), 2);

      await db.transaction((tx) => releaseJobCopies(tx, world.job.id, "astrid"));
      assert.equal(await hoursLeft(), 2);
      await db.transaction((tx) => releaseJobCopies(tx, long.job.id, "astrid"));
      assert.ok(Date.parse((await copy()).expiresAt!) <= Date.now());
    });

    test("a verified copy says when", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      await completeItem(db, claim, done);
      const [before] = await stagedCopies(db, [world.pack.id], world.processing.id);
      await db.transaction((tx) => markVerified(tx, before!.id));
      const [after] = await stagedCopies(db, [world.pack.id], world.processing.id);
      assert.ok(after!.verifiedAt! >= before!.verifiedAt!);
    });

    test("managers wake for a new job, and watchers hear each step of it", async (t) => {
      const db = await databases.open(t);
      const woken = Promise.withResolvers<void>();
      const steps: { job: number; item: number }[] = [];
      const third = Promise.withResolvers<void>();
      await listenForItems(db, () => woken.resolve());
      await listenForProgress(db, (moved) => {
        if (moved) steps.push(moved);
        if (steps.length === 3) third.resolve();
      });
      const world = await oneItem(db);
      await woken.promise;
      const { claim } = await claimed(db, world, world.item);
      await renewClaim(db, claim.attemptId, 60, 1);
      await completeItem(db, claim, done);
      await third.promise;
      assert.deepEqual(steps, Array(3).fill({ job: world.job.id, item: world.item.id }));
    });
  });
}
