import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql, { raw } from "sql-template-tag";
import { DatabaseForbidden, DatabaseRefused, IllegalTransition } from "../../src/errors/database.ts";
import { itemTransitions } from "../../src/model/item-transitions.ts";
import { type Status, statuses } from "../../src/model/status.ts";
import { audit, auditTrail } from "../../src/opsdb/audit.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { getItem } from "../../src/opsdb/jobs.ts";
import { oneItem } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

const withClaim = "attempt_id = gen_random_uuid(), claimed_by = 'w', lease_until = now()";

for (const version of versions) {
  suite(`what PostgreSQL ${version} refuses by itself`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("every move of the transition table is possible, and no other", async (t) => {
      const db = await databases.open(t);
      const { item } = await oneItem(db);
      for (const from of statuses) {
        for (const to of statuses) {
          await reach(db, item.id, from);
          const set = `status = '${to}', reason = 'transient', ${withClaim}`;
          const move = db.query(sql`UPDATE staging_item SET ${raw(set)} WHERE id = ${item.id}`);
          if (itemTransitions.some((move) => move.from === from && move.to === to)) {
            await move;
            assert.equal((await getItem(db, item.id))?.status, to);
          } else {
            await assert.rejects(move, IllegalTransition, `${from} to ${to}`);
            assert.equal((await getItem(db, item.id))?.status, from);
          }
        }
      }
    });

    test("an item begins as pending or failed", async (t) => {
      const db = await databases.open(t);
      const { job } = await oneItem(db);
      for (const status of statuses) {
        const insert = db.query(sql`
          INSERT INTO staging_item (staging_job_id, destination_id, priority, package_name, status, reason)
          VALUES (${job.id}, ${job.destinationId}, 0, ${`p-${status}`}, ${status}, 'unknown_package')`);
        if (status === "pending" || status === "failed") await insert;
        else await assert.rejects(insert, IllegalTransition, status);
      }
    });

    test("values outside the model's lists, and a staged copy without a lifetime, do not get in", async (t) => {
      const db = await databases.open(t);
      const { item, pack, processing, job } = await oneItem(db);
      for (const wrong of [
        sql`UPDATE staging_item SET reason = 'bad weather' WHERE id = ${item.id}`,
        sql`UPDATE raw_data_package SET state = 'ARCHIVED' WHERE id = ${pack.id}`,
        sql`UPDATE staging_job SET priority = 10 WHERE id = ${job.id}`,
        sql`UPDATE staging_job SET lifetime_seconds = 0 WHERE id = ${job.id}`,
        sql`UPDATE staging_job SET lifetime_seconds = NULL WHERE id = ${job.id}`,
        sql`INSERT INTO physical_copy (raw_data_package_id, data_location_id, key, status)
            VALUES (${pack.id}, ${processing.id}, 'k', 'staged')`,
        sql`INSERT INTO physical_copy (data_location_id, key, status) VALUES (${processing.id}, 'k', 'present')`,
        sql`INSERT INTO disk_data_location (id, path) VALUES ((SELECT id FROM data_location WHERE storage_type = 's3'), '/')`,
      ]) {
        await assert.rejects(db.query(wrong), DatabaseRefused, wrong.text);
      }
    });

    test("the audit trail only grows, even for the schema's owner", async (t) => {
      const db = await databases.open(t);
      await audit(db, { actor: "olga", action: "pause", subject: "location:1", details: { message: "noon" } });
      for (const change of [
        sql`UPDATE audit_event SET actor = 'nobody'`,
        sql`DELETE FROM audit_event`,
        sql`TRUNCATE audit_event`,
      ]) {
        await assert.rejects(db.query(change), DatabaseForbidden, change.text);
      }
      const [event] = await auditTrail(db, "location:1");
      assert.deepEqual([event?.actor, event?.action, event?.details], ["olga", "pause", { message: "noon" }]);
    });
  });
}

/** Puts the item into a state with the trigger off, as only a superuser can. */
async function reach(db: Database, id: number, status: Status): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(sql`SET LOCAL session_replication_role = replica`);
    await tx.query(
      sql`UPDATE staging_item SET ${raw(`status = '${status}', reason = 'transient', ${withClaim}`)} WHERE id = ${id}`,
    );
  });
}
