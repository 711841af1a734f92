import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { DatabaseUnreachable } from "../../src/errors/database.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { followProgress } from "../../src/staging/follow.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";

const log = pino({ level: "silent" });

test("who waits for a job goes on waiting while the database is away, and sees it end", async (t) => {
  const world = await startWorld(t);
  const [good] = await world.archive.put(aPackage());
  const job = await world.request([good]);
  let away = 3;
  const db: Database = {
    ...world.db,
    async query(statement) {
      if (away-- > 0) throw new DatabaseUnreachable(world.db.name, "it is being restarted");
      return world.db.query(statement);
    },
  };
  const seen: string[] = [];
  const follower = (async () => {
    for await (const { job: at } of followProgress(db, job.id, { signal: AbortSignal.timeout(60_000), log }))
      seen.push(at.status);
  })();
  await world.workUntilIdle();
  await follower;
  assert.equal(seen.at(-1), "completed");
  assert.ok(away < 0, "the database was away");
  await world.expect({ staged: [good], leftOver: "nothing" });
});

test("a wait that is given up ends with the reason, also while the database is away", async (t) => {
  const world = await startWorld(t);
  const [good] = await world.archive.put(aPackage());
  const job = await world.request([good]);
  const reason = new Error("time is up");
  const giveUp = new AbortController();
  const db: Database = {
    ...world.db,
    async query() {
      queueMicrotask(() => giveUp.abort(reason));
      throw new DatabaseUnreachable(world.db.name, "it is being restarted");
    },
  };
  await assert.rejects(followProgress(db, job.id, { signal: giveUp.signal, log }).next(), reason);
  await world.workUntilIdle();
  await world.expect({ staged: [good], leftOver: "nothing" });
});
