import assert from "node:assert/strict";
import { suite, test } from "node:test";
import pg from "pg";
import sql from "sql-template-tag";
import { CommitUnknown, DatabaseUnreachable } from "../../src/errors/database.ts";
import { openDatabase } from "../../src/opsdb/database.ts";
import { getItem } from "../../src/opsdb/jobs.ts";
import { answerWasLost } from "../../src/opsdb/translate-error.ts";
import { claimed, oneItem } from "./sample-catalogue.ts";
import { quiet, startDatabases } from "./test-database.ts";

test("the server's last words to a silent client leave it open whether a commit was carried out", () => {
  const words = new pg.DatabaseError("terminating connection due to idle-in-transaction timeout", 0, "error");
  words.code = "25P03";
  assert.equal(answerWasLost(words), true);
  const other = new pg.DatabaseError("duplicate key", 0, "error");
  other.code = "23505";
  assert.equal(answerWasLost(other), false);
});

suite("a transaction whose client has fallen silent", async () => {
  const databases = await startDatabases(18);

  test("is ended by the server: the rows that it had locked are free, and it hears of it", async (t) => {
    const db = await databases.open(t);
    const world = await oneItem(db);
    const [{ name }] = (await db.query<{ name: string }>(sql`SELECT current_database() AS name`)) as [{ name: string }];
    const silent = openDatabase({ ...databases.options(name), statementTimeoutMs: 1000 }, quiet);
    t.after(() => silent.close());
    const locked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const transaction = silent.transaction(async (tx) => {
      await tx.query(sql`UPDATE staging_item SET size = 1 WHERE id = ${world.item.id}`);
      locked.resolve();
      await goOn.promise;
    });
    transaction.catch(() => {});
    await locked.promise;
    // Waits for the row, 30 s at most.
    const { claim } = await claimed(db, world, world.item);
    goOn.resolve();
    const lost = (error: unknown) => error instanceof CommitUnknown || error instanceof DatabaseUnreachable;
    await assert.rejects(transaction, lost);
    const item = await getItem(db, world.item.id);
    assert.equal(item?.attemptId, claim.attemptId);
    assert.notEqual(item?.size, 1);
  });
});
