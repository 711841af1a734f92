import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql from "sql-template-tag";
import { DatabaseForbidden, DatabaseRefused } from "../../src/errors/database.ts";
import { waivableRules } from "../../src/model/waiver.ts";
import { auditTrail } from "../../src/opsdb/audit.ts";
import { grantWaiver, listWaivers, revokeWaiver, waiversOf } from "../../src/opsdb/waivers.ts";
import { loadConsignment } from "../../src/staging/consignment.ts";
import { claimed, oneItem } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

for (const version of versions) {
  suite(`waivers on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("a waiver is granted once, revoked once, granted anew, and all of it is kept", async (t) => {
      const db = await databases.open(t);
      const { pack } = await oneItem(db);
      const link = { packageId: pack.id, rule: "symbolic-link" } as const;
      const grant = (why: string, actor: string) => db.transaction((tx) => grantWaiver(tx, { ...link, why, actor }));
      const revoke = () => db.transaction((tx) => revokeWaiver(tx, { ...link, actor: "olga" }));
      assert.deepEqual(await waiversOf(db, pack.id), []);
      const first = await grant("only latest.fits", "ana");
      assert.equal(first.added, true);
      assert.deepEqual(
        [first.waiver.packageName, first.waiver.grantedBy, first.waiver.why, first.waiver.revokedAt],
        [pack.name, "ana", "only latest.fits", undefined],
      );
      const second = await grant("another word", "ben");
      assert.deepEqual([second.added, second.waiver], [false, first.waiver]);
      assert.deepEqual(await waiversOf(db, pack.id), ["symbolic-link"]);
      assert.equal((await revoke())?.revokedBy, "olga");
      assert.equal(await revoke(), undefined);
      assert.deepEqual(await waiversOf(db, pack.id), []);
      assert.equal((await grant("again", "ana")).added, true);
      assert.deepEqual(
        (await listWaivers(db, { revoked: true })).map(({ why, revokedBy }) => [why, revokedBy]),
        [
          ["again", undefined],
          ["only latest.fits", "olga"],
        ],
      );
      assert.equal((await listWaivers(db)).length, 1);
      assert.deepEqual(
        (await auditTrail(db, `package:${pack.id}`)).map(({ actor, action, details }) => [actor, action, details]),
        [
          ["ana", "waive", { rule: "symbolic-link", why: "only latest.fits" }],
          ["olga", "revoke-waiver", { rule: "symbolic-link" }],
          ["ana", "waive", { rule: "symbolic-link", why: "again" }],
        ],
      );
    });

    test("whoever stages a package is told of its waivers, and of no other package's", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const other = await oneItem(db);
      for (const rule of waivableRules) {
        await db.transaction((tx) => grantWaiver(tx, { packageId: world.pack.id, rule, why: "seen", actor: "ana" }));
      }
      const load = async (one: typeof world) =>
        (await loadConsignment(db, "/data", await claimed(db, one, one.item))).waivers;
      assert.deepEqual(await load(world), ["hard-link", "symbolic-link"]);
      assert.deepEqual(await load(other), []);
    });

    test("no other rule is waived, nothing without a reason, and nothing is rewritten", async (t) => {
      const db = await databases.open(t);
      const { pack } = await oneItem(db);
      const grant = (rule: string, why: string) =>
        db.transaction((tx) => grantWaiver(tx, { packageId: pack.id, rule: rule as never, why, actor: "ana" }));
      await assert.rejects(grant("absolute-path", "please"), DatabaseRefused);
      await assert.rejects(grant("hard-link", " "), DatabaseRefused);
      const { waiver } = await grant("hard-link", "copies of one header");
      for (const forbidden of [
        sql`UPDATE package_waiver SET why = 'other'`,
        sql`UPDATE package_waiver SET granted_by = 'nobody', revoked_by = 'x', revoked_at = now()`,
        sql`DELETE FROM package_waiver`,
        sql`TRUNCATE package_waiver`,
      ]) {
        await assert.rejects(db.query(forbidden), DatabaseForbidden, forbidden.text);
      }
      await db.transaction((tx) => revokeWaiver(tx, { packageId: pack.id, rule: "hard-link", actor: "olga" }));
      await assert.rejects(
        db.query(sql`UPDATE package_waiver SET revoked_by = NULL, revoked_at = NULL`),
        DatabaseForbidden,
      );
      assert.equal((await listWaivers(db, { revoked: true }))[0]?.id, waiver.id);
    });
  });
}
