import { test } from "node:test";
import { DatabaseUnreachable } from "../../src/errors/database.ts";
import { cancelJob } from "../../src/opsdb/job-control.ts";
import { getJob } from "../../src/opsdb/jobs.ts";
import { pauseLocation, resumeLocation } from "../../src/opsdb/locations.ts";
import { createGate } from "../world/gate.ts";
import { aPackage } from "../world/package.ts";
import { messageText } from "../world/queue.ts";
import { startWorld } from "../world/start-world.ts";

test("a worker that is shut down in the middle gives its package back, and the next worker stages it first", async (t) => {
  const world = await startWorld(t, { settings: { "worker.concurrency": "1" } });
  const [first, second] = await world.archive.put(aPackage(), aPackage());
  const gate = createGate();
  const stopped = await world.startWorker({ name: "stopped", around: gate.around });
  await world.request([first, second]);
  await world.startManager();
  await gate.reached();
  await world.untilItem(second, "is on the queue", ({ status }) => status === "scheduled");
  await stopped.stop({ grace: 0 });
  await world.expect({
    scheduled: [{ package: first, code: "CDT-STAGING-INTERRUPTED", reason: "interrupted" }, { package: second }],
    queue: { waiting: 2 },
    leftOver: "nothing",
    next: "nowhere",
  });
  const order: string[] = [];
  await world.startWorker({
    around: (storage) => ({
      ...storage,
      read(key, ...rest) {
        order.push(key);
        return storage.read(key, ...rest);
      },
    }),
  });
  await world.workUntilIdle();
  t.assert.deepEqual(order, [first.key, second.key], "its message lay at the head of the queue");
  await world.expect({ staged: [first, second], leftOver: "nothing" });
});

test("a job that is cancelled stops: what waits at once, what is on its way soon; what was staged stays", async (t) => {
  const world = await startWorld(t, { settings: { "worker.concurrency": "1" } });
  const [staged, underway, waiting] = await world.archive.put(aPackage(), aPackage(), aPackage());
  const gate = createGate();
  await world.startWorker({
    around: (storage) => ({
      ...storage,
      read(key, ...rest) {
        return (key === staged.key ? storage : gate.around(storage)).read(key, ...rest);
      },
    }),
  });
  const job = await world.request([staged, underway, waiting]);
  await world.startManager();
  await gate.reached();
  const cancelled = await world.db.transaction((tx) => cancelJob(tx, job.id, "astrid"));
  t.assert.deepEqual([cancelled?.cancelled, cancelled?.stopping], [1, 1]);
  await world.workUntilIdle();
  gate.open();
  await world.expect({
    staged: [staged],
    failed: [underway, waiting].map((one) => ({ package: one, code: "CDT-CANCELLED", reason: "cancelled" })),
    leftOver: "nothing",
  });
});

test("a paused location takes nothing new, ends what it has, and goes on when it is resumed", async (t) => {
  const world = await startWorld(t, { settings: { "worker.concurrency": "1" } });
  const [underway, rung, late] = await world.archive.put(aPackage(), aPackage(), aPackage());
  const gate = createGate();
  await world.startWorker({ around: gate.around });
  await world.request([underway, rung]);
  await world.startManager();
  await gate.reached();
  await world.untilItem(rung, "is on the queue", ({ status }) => status === "scheduled");
  const { id } = world.locations.ramses_processing;
  await world.db.transaction((tx) => pauseLocation(tx, id, "the file system is being extended", "otto"));
  await world.request([late]);
  gate.open();
  await world.workUntilIdle();
  t.assert.equal((await world.item(late)).status, "pending");
  t.assert.match((await world.item(rung)).errorText ?? "", /being extended/);
  await world.expect({
    staged: [underway],
    pending: [{ package: rung, code: "CDT-PAUSED", reason: "paused" }],
    untouched: [late],
    leftOver: "nothing",
    next: "spare_processing",
  });
  await world.db.transaction((tx) => resumeLocation(tx, id, "otto"));
  await world.workUntilIdle();
  await world.expect({ staged: [underway, rung, late], leftOver: "nothing" });
});

test("several managers at once ring for each item once", async (t) => {
  const world = await startWorld(t, { settings: { "manager.batch": "3" } });
  const packages = await world.archive.put(...Array.from({ length: 40 }, () => aPackage({ files: 1, bytes: 10 })));
  for (let i = 0; i < 4; i++) await world.startManager();
  await world.request(packages);
  for (const one of packages) await world.untilItem(one, "is rung", ({ status }) => status === "scheduled");
  const rung = await Promise.all(packages.map((one) => world.item(one)));
  t.assert.deepEqual([...world.queue.published].sort(), rung.map(({ taskId }) => taskId).sort());
  await world.workUntilIdle();
  t.assert.equal(world.queue.published.length, packages.length);
  await world.expect({ staged: packages, leftOver: "nothing" });
});

test("two jobs that want the same package get it once; the second finds it there", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  const first = await world.request([one]);
  const second = await world.request([one]);
  await world.workUntilIdle();
  const item = await world.item(one);
  t.assert.deepEqual([item.jobId, item.alreadyThere], [second.id, true]);
  t.assert.notEqual(first.id, second.id);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a job with one missing package and nine good ones stages nine, and says what is wrong with the tenth", async (t) => {
  const world = await startWorld(t);
  const good = await world.archive.put(...Array.from({ length: 9 }, () => aPackage()));
  const job = await world.request([...good.slice(0, 4), "no-such-package", ...good.slice(4)]);
  await world.workUntilIdle();
  t.assert.match((await world.item({ name: "no-such-package" })).errorText ?? "", /knows no package no-such-package/);
  const { status } = (await getJob(world.db, job.id))!;
  t.assert.equal(status, "failed");
  await world.expect({
    staged: good,
    failed: [{ package: "no-such-package", code: "CDT-UNKNOWN-PACKAGE", reason: "unknown_package" }],
    leftOver: "nothing",
  });
});

test("urgent packages come first, whenever they were asked for", async (t) => {
  const world = await startWorld(t, { settings: { "worker.concurrency": "1" } });
  const [ordinary, late, urgent] = await world.archive.put(aPackage(), aPackage(), aPackage());
  await world.request([ordinary], { priority: 6 });
  await world.request([late], { priority: 9 });
  await world.request([urgent], { priority: 0 });
  await world.startManager();
  for (const one of [ordinary, late, urgent])
    await world.untilItem(one, "is rung", ({ status }) => status === "scheduled");
  const order: string[] = [];
  await world.startWorker({
    around: (storage) => ({
      ...storage,
      read(key, ...rest) {
        order.push(key);
        return storage.read(key, ...rest);
      },
    }),
  });
  await world.workUntilIdle();
  t.assert.deepEqual(order, [urgent.key, ordinary.key, late.key]);
  await world.expect({ staged: [ordinary, late, urgent], leftOver: "nothing" });
});

test("a manager whose database is away when it begins to listen goes on when it is back", async (t) => {
  const world = await startWorld(t);
  const [good] = await world.archive.put(aPackage());
  await world.request([good]);
  let away = 2;
  await world.startManager({
    db: {
      ...world.db,
      async listen(channel, handler) {
        if (away-- > 0) throw new DatabaseUnreachable(world.db.name, "it is being restarted");
        return world.db.listen(channel, handler);
      },
    },
  });
  await world.workUntilIdle();
  t.assert.equal(away, -1);
  await world.expect({ staged: [good], leftOver: "nothing" });
});

for (const [kind, timeLimits] of Object.entries({ soft: [null, 1], hard: [1, null] } as const)) {
  test(`a message with a ${kind} time limit that is over: the package waits, and is staged by the next attempt`, async (t) => {
    const world = await startWorld(t);
    const [slow] = await world.archive.put(aPackage());
    const gate = createGate();
    await world.startWorker({ around: gate.around });
    await world.request([slow]);
    const { id } = await world.item(slow);
    await world.message(messageText({ kwargs: { staging_item_id: id }, timeLimits: [...timeLimits] }));
    await world.untilItem(slow, "waits for another attempt", ({ retryAt }) => retryAt !== undefined);
    await world.untilQuiet();
    gate.open();
    await world.expect({
      pending: [{ package: slow, code: "CDT-STAGING-TIME-LIMIT", reason: "transient" }],
      leftOver: "nothing",
    });
    await world.letTimePass();
    await world.workUntilIdle();
    await world.expect({ staged: [slow], leftOver: "nothing" });
  });
}
