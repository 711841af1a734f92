import assert from "node:assert/strict";
import { suite, test } from "node:test";
import sql, { type Sql } from "sql-template-tag";
import { ClaimLost, DatabaseRefused } from "../../src/errors/database.ts";
import type { RawDataPackage } from "../../src/model/package.ts";
import { completeItem } from "../../src/opsdb/claim-ends.ts";
import { renewClaim } from "../../src/opsdb/claims.ts";
import type { Database, Queryable } from "../../src/opsdb/database.ts";
import { getItem } from "../../src/opsdb/jobs.ts";
import { recordStagedCopyLost } from "../../src/opsdb/lifetimes.ts";
import { packageFiles, stagedCopies } from "../../src/opsdb/packages.ts";
import { archived, claimed, oneItem, requested, seedLocations } from "./sample-catalogue.ts";
import { missing, startDatabases, versions } from "./test-database.ts";

const done = { alreadyThere: false, sourceCopyId: undefined };

async function fill(db: Database, pack: RawDataPackage, files: number): Promise<void> {
  await db.query(sql`
    INSERT INTO raw_data_file (raw_data_package_id, path, size)
    SELECT ${pack.id}, 'night/' || n % 7 || '/scan-' || n, 900 FROM generate_series(1, ${files}::int) n`);
}

/** Files that are recorded where they should be, with the transactions that wrote those rows. */
async function recorded(db: Database): Promise<{ files: number; by: string; status: string }[]> {
  return await db.query(sql`
    SELECT count(*) AS files, min(c.xmin::text) || '..' || max(c.xmin::text) AS "by", c.status
    FROM physical_copy c JOIN raw_data_file f ON f.id = c.raw_data_file_id
    WHERE c.key LIKE 'staged/%/' || f.path GROUP BY c.status`);
}

/** Does something before a statement of a transaction. */
function before(db: Database, happens: (statement: Sql) => Promise<void>): Database {
  return {
    ...db,
    transaction: (work) =>
      db.transaction((tx) =>
        work({
          ...tx,
          async query<T>(statement: Sql): Promise<T[]> {
            await happens(statement);
            return await tx.query<T>(statement);
          },
        }),
      ),
  };
}

for (const version of versions) {
  suite(`recording on PostgreSQL ${version}`, missing(version), async () => {
    const databases = await startDatabases(version);

    test("each of 120,000 files is recorded once, in pages that no time limit stops; of other packages none", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await fill(db, world.pack, 120_000);
      await fill(db, await archived(db, world, "before"), 10);
      await fill(db, await archived(db, world, "behind"), 10);
      const { claim } = await claimed(db, world, world.item);
      let pages = 0;
      const watched = before(db, async (statement) => {
        if (statement.text.includes("changed AS")) pages++;
      });
      await completeItem(watched, claim, done);
      assert.equal(pages, 3);
      assert.deepEqual(
        (await recorded(db)).map(({ files, status }) => [files, status]),
        [[120_002, "present"]],
      );
    });

    test("the files of a package that nobody has analysed yet are read through their index", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await fill(db, world.pack, 120_000);
      const plans: string[] = [];
      const watched: Queryable = {
        async query<T>(statement: Sql): Promise<T[]> {
          const rows = await db.query<{ "QUERY PLAN": string }>(sql`EXPLAIN ${statement}`);
          plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
          return await db.query<T>(statement);
        },
      };
      let read = 0;
      for await (const _ of packageFiles(watched, world.pack.id)) if (++read > 4001) break;
      assert.ok(plans.length >= 3);
      for (const plan of plans) {
        assert.match(plan, /Index Scan using raw_data_file_raw_data_package_id_path_key/);
        assert.doesNotMatch(plan, /Sort/);
      }
    });

    test("20,000 files that are recorded already stay as they are; those that were lost come back", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      await fill(db, world.pack, 20_000);
      const first = await claimed(db, world, world.item);
      await completeItem(db, first.claim, done);
      const stage = async () => {
        const { items } = await requested(db, world, [world.pack]);
        return (await claimed(db, world, items[0]!)).claim;
      };
      const before = await recorded(db);
      const [copy] = await stagedCopies(db, [world.pack.id], world.processing.id);
      await completeItem(db, await stage(), { ...done, alreadyThere: true });
      assert.deepEqual(before[0]?.files, 20_002);
      assert.deepEqual(await recorded(db), before, "no row was written again");
      const [again] = await stagedCopies(db, [world.pack.id], world.processing.id);
      assert.ok(again!.verifiedAt! > copy!.verifiedAt!, "the package's copy says that it was looked at again");

      const third = await stage();
      await db.transaction((tx) => recordStagedCopyLost(tx, third, { found: "nothing" }));
      assert.deepEqual(
        (await recorded(db)).map(({ files, status }) => [files, status]),
        [[20_002, "deleted"]],
      );
      await completeItem(db, third, done);
      assert.deepEqual(
        (await recorded(db)).map(({ files, status }) => [files, status]),
        [[20_002, "present"]],
      );
    });

    test("while files are recorded the claim can be renewed, and nothing is seen of it before the end", async (t) => {
      const db = await databases.open(t, { statementTimeoutMs: 20_000 });
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item, { leaseSeconds: 30 });
      const answers: string[] = [];
      const slow = before(db, async (statement) => {
        if (!statement.text.includes("UPDATE staging_item")) return;
        answers.push(await renewClaim(db, claim.attemptId, 30, 77));
        assert.deepEqual(await stagedCopies(db, [world.pack.id], world.processing.id), []);
      });
      await completeItem(slow, claim, done);
      assert.deepEqual(answers, ["held"]);
      assert.equal((await getItem(db, world.item.id))?.status, "completed");
      assert.equal((await recorded(db))[0]?.files, 2);
    });

    test("a claim that is lost while files are recorded leaves no record", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      let next: string | undefined;
      const overtaken = before(db, async (statement) => {
        if (!statement.text.includes("UPDATE staging_item")) return;
        await renewClaim(db, claim.attemptId, -1, 0);
        next = (await claimed(db, world, world.item, { worker: "next" })).claim.attemptId;
      });
      await assert.rejects(completeItem(overtaken, claim, done), ClaimLost);
      assert.deepEqual(await recorded(db), []);
      assert.deepEqual(await stagedCopies(db, [world.pack.id], world.processing.id), []);
      const item = await getItem(db, world.item.id);
      assert.deepEqual([item?.status, item?.attemptId], ["in_progress", next]);
    });

    test("there is no copy of a file that does not exist, nor at a location that does not", async (t) => {
      const db = await databases.open(t);
      const world = await oneItem(db);
      const { claim } = await claimed(db, world, world.item);
      await completeItem(db, claim, done);
      const refused = async (statement: Sql) =>
        await assert.rejects(db.query(statement), (error) => {
          assert.ok(error instanceof DatabaseRefused);
          assert.equal(error.facts.sqlstate, "23503");
          return true;
        });
      await refused(sql`
        INSERT INTO physical_copy (raw_data_file_id, data_location_id, key, status)
        VALUES (gen_random_uuid(), ${world.processing.id}, 'k', 'present')`);
      await refused(sql`
        INSERT INTO physical_copy (raw_data_file_id, data_location_id, key, status)
        SELECT id, 987654, 'k', 'present' FROM raw_data_file LIMIT 1`);
      await refused(
        sql`UPDATE physical_copy SET raw_data_file_id = gen_random_uuid() WHERE raw_data_file_id IS NOT NULL`,
      );
      await refused(sql`UPDATE physical_copy SET data_location_id = 987654`);
      await refused(sql`
        WITH copies AS (SELECT 1) DELETE FROM data_location WHERE id = ${world.archive.id}`);
      await db.query(sql`DELETE FROM raw_data_file WHERE path LIKE '%scan-0%'`);
      assert.deepEqual(
        (await recorded(db)).map(({ files }) => files),
        [1],
      );
      await db.query(sql`DELETE FROM staging_job`);
      await db.query(sql`DELETE FROM raw_data_package`);
      assert.deepEqual(await db.query(sql`SELECT id FROM physical_copy`), []);
      await seedLocations(db);
    });
  });
}
