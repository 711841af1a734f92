import { test } from "node:test";
import sql from "sql-template-tag";
import { privateName } from "../../src/bundle/private-names.ts";
import { DatabaseLogin, DatabaseUnreachable } from "../../src/errors/database.ts";
import type { Database } from "../../src/opsdb/database.ts";
import { claimItem } from "../../src/opsdb/items.ts";
import { betweenRenameAndRecord } from "../world/between.ts";
import { createGate } from "../world/gate.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import { namesIn } from "../world/tree.ts";
import { until } from "../world/until.ts";
import type { World } from "../world/world.ts";

test("a database that is restarted between rename and record delays the record, and nothing more", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  let restarts = 0;
  await world.startWorker({
    db: betweenRenameAndRecord(world.db, world.directoryOf(one), async () => {
      restarts++;
      await world.databases.server.restart("SIGINT");
    }),
  });
  await world.request([one]);
  await world.startManager();
  await world.workUntilIdle();
  t.assert.equal(restarts, 1);
  const { attempt, alreadyThere } = await world.item(one);
  t.assert.deepEqual(
    { attempt, alreadyThere },
    { attempt: 1, alreadyThere: false },
    "by the attempt that published it",
  );
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a database that is restarted in the middle of a package does not end the attempt", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  const gate = createGate();
  await world.startWorker({ around: gate.around });
  await world.request([one]);
  await world.startManager();
  await gate.reached();
  await world.databases.server.restart("SIGINT");
  gate.open();
  await world.workUntilIdle();
  t.assert.equal((await world.item(one)).attempt, 1);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a worker that freezes between rename and record leaves a tree that the next one verifies and adopts", async (t) => {
  const world = await startWorld(t, { settings: takenOverAtOnce });
  const [one] = await world.archive.put(aPackage());
  const frozen = Promise.withResolvers<void>();
  const first = await world.startWorker({
    name: "frozen",
    db: betweenRenameAndRecord(world.db, world.directoryOf(one), () => {
      frozen.resolve();
      return new Promise(() => {});
    }),
  });
  await world.request([one]);
  await world.startManager();
  await frozen.promise;
  await world.archive.remove(one);
  await expireClaims(world);
  await world.startWorker({ name: "successor" });
  const item = await world.untilItem(one, "is adopted", ({ status }) => status === "completed");
  t.assert.deepEqual([item.alreadyThere, item.claimedBy, item.attempt], [true, "successor", 2]);
  await first.stop({ grace: 0 });
  await world.workUntilIdle();
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("whoever has lost his claim in the middle writes nothing, removes nothing, and leaves the item to its new holder", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  const gate = createGate();
  await world.startWorker({ name: "loser", around: gate.around });
  await world.request([one]);
  const manager = await world.startManager();
  await gate.reached();
  await manager.stop();
  // Frozen for longer than its claim holds, as it were: somebody else has the item now.
  await expireClaims(world);
  const { id } = await world.item(one);
  const locationIds = [world.locations.ramses_processing.id];
  const taken = await claimItem(world.db, id, { worker: "winner", leaseSeconds: 600, locationIds });
  t.assert.equal(taken.outcome, "claimed");
  const before = await world.item(one);
  // The gate stays closed: it is the loss of the claim that ends the loser's work.
  await world.untilQuiet();
  t.assert.deepEqual(
    await namesIn(world.staged),
    [privateName(id, 1)],
    "nothing visible; what it had is its successor's",
  );
  gate.open();
  const { bytesDone, ...after } = await world.item(one);
  const { bytesDone: _, ...claimed } = before;
  t.assert.deepEqual(after, claimed, "the winner's claim stands");
  t.assert.notEqual((await world.results.get(before.taskId))?.status, "SUCCESS");

  // The winner dies as well; a third takes over, and all private directories with it.
  await expireClaims(world);
  await world.startManager();
  await world.workUntilIdle();
  t.assert.equal((await world.item(one)).attempt, 3);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a predecessor that only seemed dead finds its directory taken, and publishes nothing", async (t) => {
  const world = await startWorld(t, { settings: takenOverAtOnce });
  const [one] = await world.archive.put(aPackage({ files: 5 }));
  const [late, next] = [createGate(), createGate()];
  let silent = false;
  // It never hears that its claim is lost.
  const query: Database["query"] = (statement) => (silent ? new Promise(() => {}) : world.db.query(statement));
  const predecessor = await world.startWorker({ name: "predecessor", around: late.around, db: { ...world.db, query } });
  await world.request([one]);
  await world.startManager();
  await late.reached();
  silent = true;
  await expireClaims(world);
  await world.startWorker({ name: "successor", around: next.around });
  await next.reached();
  late.open();
  await until("the predecessor's attempt has ended", () => predecessor.worker.facts().counts.ignored > 0);
  const { id, claimedBy, status } = await world.item(one);
  t.assert.deepEqual([claimedBy, status], ["successor", "in_progress"]);
  t.assert.deepEqual(
    await namesIn(world.staged),
    [privateName(id, 2)],
    "nothing is visible before the successor is done",
  );
  next.open();
  await world.untilItem(one, "is staged", (item) => item.status === "completed");
  await predecessor.stop({ grace: 0 });
  await world.workUntilIdle();
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a worker that does not reach the database leaves the work to those that do", async (t) => {
  const world = await startWorld(t, { settings: { "staging.claim_lease": "1s" } });
  const packages = await world.archive.put(aPackage(), aPackage(), aPackage());
  const away = () => Promise.reject(new DatabaseUnreachable(world.db.name, "the network is gone"));
  const cutOff = await world.startWorker({ name: "cut-off", db: { ...world.db, query: away, transaction: away } });
  await world.request(packages);
  await world.startManager();
  await until("the cut-off worker holds messages", () => cutOff.worker.facts().running.length === 2);
  await world.startWorker({ name: "healthy" });
  for (const one of packages) {
    const { claimedBy } = await world.untilItem(one, "is staged", ({ status }) => status === "completed");
    t.assert.equal(claimedBy, "healthy");
  }
  await world.workUntilIdle();
  await cutOff.stop({ grace: 0 });
  await world.expect({ staged: packages, leftOver: "nothing" });
});

test("a worker that the database does not let in stores no failure for what it could not even claim", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  const locked = () => Promise.reject(new DatabaseLogin(world.db.name, "the password is wrong"));
  const lockedOut = await world.startWorker({ db: { ...world.db, query: locked, transaction: locked } });
  await world.request([one]);
  await world.startManager();
  await until("it has given the message back", () => lockedOut.worker.facts().counts.requeued > 0);
  const { taskId } = await world.item(one);
  t.assert.notEqual((await world.results.get(taskId))?.status, "FAILURE");
  await lockedOut.stop({ grace: 0 });
  await world.startWorker();
  await world.workUntilIdle();
  await world.expect({ staged: [one], leftOver: "nothing" });
});

/** A worker takes one package at a time, and the sweep takes back at once what nobody keeps. */
const takenOverAtOnce = { "worker.concurrency": "1", "manager.sweep_interval": "100ms" };

/** Plays the clock: every claim has run out. */
async function expireClaims({ db }: World): Promise<void> {
  await db.query(sql`UPDATE staging_item SET lease_until = now() - interval '1 hour' WHERE status = 'in_progress'`);
}
