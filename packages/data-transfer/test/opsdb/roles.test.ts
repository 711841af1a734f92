import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { DatabaseForbidden } from "../../src/errors/database.ts";
import { completeItem } from "../../src/opsdb/claim-ends.ts";
import { openDatabase } from "../../src/opsdb/database.ts";
import { getItem, getJob } from "../../src/opsdb/jobs.ts";
import { defaultRoles } from "../../src/opsdb/roles.ts";
import { markScheduled, takeItemsToRing } from "../../src/opsdb/scheduling.ts";
import { expireClaims, writeEpoch } from "../../src/opsdb/sweep.ts";
import { claimed, oneItem } from "./sample-catalogue.ts";
import { quiet, startDatabases } from "./test-database.ts";

suite("logins of the group roles", async () => {
  const databases = await startDatabases(18);
  await databases.server.query(`CREATE ROLE managing LOGIN PASSWORD 'm' IN ROLE ${defaultRoles.manager}`);
  await databases.server.query(`CREATE ROLE working LOGIN PASSWORD 'w' IN ROLE ${defaultRoles.worker}`);

  test("a manager schedules and sweeps, a worker claims and records, neither as the schema's owner", async (t) => {
    const owner = await databases.open(t);
    const world = await oneItem(owner);
    const [{ name }] = (await owner.query<{ name: string }>(sql`SELECT current_database() AS name`)) as [
      { name: string },
    ];
    const manager = openDatabase({ ...databases.options(name), user: "managing", password: "m" }, quiet);
    const worker = openDatabase({ ...databases.options(name), user: "working", password: "w" }, quiet);
    t.after(() => Promise.all([manager.close(), worker.close()]).then(() => {}));

    await manager.transaction(async (tx) => {
      const [due] = await takeItemsToRing(tx, { limit: 10 });
      assert.equal(await markScheduled(tx, due!.id), true);
    });
    await writeEpoch(manager, "e1");
    const lost = await claimed(worker, world, world.item, { leaseSeconds: -10 });
    assert.equal((await expireClaims(manager, { graceSeconds: 1, maxFailures: 5 })).items[0]?.id, lost.claim.item.id);
    const { claim } = await claimed(worker, world, world.item);
    await completeItem(worker, claim, { alreadyThere: false, sourceCopyId: undefined });
    assert.equal((await getItem(worker, world.item.id))?.status, "completed");
    assert.equal((await getJob(manager, world.job.id))?.status, "completed");

    await assert.rejects(worker.query(sql`INSERT INTO site (name, short_name) VALUES ('x', 'x')`), DatabaseForbidden);
    await assert.rejects(worker.query(sql`DELETE FROM physical_copy`), DatabaseForbidden);
  });
});
