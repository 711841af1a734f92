import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { CommitUnknown } from "../../src/errors/database.ts";
import { completeItem, releaseItem } from "../../src/opsdb/claim-ends.ts";
import { type Database, openDatabase } from "../../src/opsdb/database.ts";
import { getItem, getJob } from "../../src/opsdb/jobs.ts";
import { stagedFiles } from "../../src/opsdb/packages.ts";
import { type CommitCuttingProxy, type Cut, startCommitCuttingProxy } from "./commit-cutting-proxy.ts";
import { claimed, oneItem } from "./sample-catalogue.ts";
import { quiet, startDatabases, type TestDatabases } from "./test-database.ts";

const done = { alreadyThere: false, sourceCopyId: undefined };

interface Scope {
  after(work: () => void | Promise<void>): void;
}

async function behindProxy(
  t: Scope,
  databases: TestDatabases,
  db: Database,
): Promise<CommitCuttingProxy & { db: Database }> {
  const [{ name }] = (await db.query<{ name: string }>(sql`SELECT current_database() AS name`)) as [{ name: string }];
  const proxy = await startCommitCuttingProxy(t, databases.server.port);
  const far = openDatabase({ ...databases.options(name), port: proxy.port }, quiet);
  t.after(() => far.close());
  return { ...proxy, db: far };
}

suite("a commit whose answer is lost", async () => {
  const databases = await startDatabases(18);

  for (const cut of ["before the server", "after the server"] satisfies Cut[]) {
    test(`is looked up, and the package is recorded exactly once (cut ${cut})`, async (t) => {
      const near = await databases.open(t);
      const world = await oneItem(near);
      const far = await behindProxy(t, databases, near);
      const { claim } = await claimed(far.db, world, world.item);
      const cutting = far.cutNextCommit(cut);
      const end = await completeItem(far.db, claim, done);
      await cutting;
      assert.deepEqual([end.jobFinished, end.jobStatus], [true, "completed"]);
      const item = await getItem(near, world.item.id);
      assert.deepEqual([item?.status, item?.attempt, item?.attemptId], ["completed", 1, claim.attemptId]);
      assert.equal((await getJob(near, world.job.id))?.status, "completed");
      assert.equal((await stagedFiles(near, [world.pack.id], world.processing.id)).length, 2);
    });
  }

  test("waits until the server has given up the transaction, rather than guess", async (t) => {
    const near = await databases.open(t);
    const world = await oneItem(near);
    const far = await behindProxy(t, databases, near);
    const { claim } = await claimed(far.db, world, world.item);
    const cutting = far.cutNextCommit("server unaware");
    const completing = completeItem(far.db, claim, done);
    await cutting;
    await waitFor(async () => {
      const [row] = await near.query<{ waiting: number }>(sql`
        SELECT count(*) AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`);
      return row!.waiting === 1;
    });
    assert.equal((await getItem(near, world.item.id))?.status, "in_progress");
    far.letServerKnow();
    assert.equal((await completing).jobStatus, "completed");
  });

  test("a release too is made once", async (t) => {
    const near = await databases.open(t);
    const world = await oneItem(near);
    const far = await behindProxy(t, databases, near);
    const { claim } = await claimed(far.db, world, world.item);
    void far.cutNextCommit("after the server");
    await releaseItem(far.db, claim, {
      to: "pending",
      reason: "no_space",
      code: "CDT-NO-SPACE",
      text: "full",
      retryInSeconds: 9,
    });
    assert.equal((await getItem(near, world.item.id))?.reason, "no_space");
  });

  test("is reported as unknown to whoever made the transaction", async (t) => {
    const near = await databases.open(t);
    const far = await behindProxy(t, databases, near);
    await far.db.ping();
    void far.cutNextCommit("after the server");
    const write = far.db.transaction((tx) => tx.query(sql`INSERT INTO broker_epoch (epoch) VALUES ('x')`));
    await assert.rejects(write, CommitUnknown);
    assert.equal((await near.query(sql`SELECT 1 FROM broker_epoch`)).length, 1);
    await far.db.ping();
  });
});

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) if (Date.now() > deadline) throw new Error("did not come to be within 30 s");
}
