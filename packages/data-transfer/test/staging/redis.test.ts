import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { createGate } from "../world/gate.ts";
import { aPackage } from "../world/package.ts";
import { messageText } from "../world/queue.ts";
import { startWorld } from "../world/start-world.ts";

// A real Redis with TLS and client certificates throughout.
const skip = without("redis-server", "openssl");

test("a bad package and a bad message on a real Redis harm nobody", { skip }, async (t) => {
  const world = await startWorld(t, { redis: true });
  const [bad, good] = await world.archive.put(aPackage(), aPackage());
  await world.archive.flip(bad, bad.tar.indexOf([...bad.contents.values()][0]!));
  await world.message("{");
  await world.message(messageText({ kwargs: { staging_item_id: 4711 } }));
  await world.request([bad, good]);
  await world.workUntilIdle();
  await world.expect({
    staged: [good],
    failed: [{ package: bad, code: "CDT-CHECKSUM", reason: "corrupt_source" }],
    queue: { deadLetters: ["malformed", "unknown-item"] },
    leftOver: "nothing",
  });
});

test("of two workers that get the same message at once, one stages and the other says nothing", { skip }, async (t) => {
  const world = await startWorld(t, { redis: true, settings: { "worker.concurrency": "1" } });
  const [one] = await world.archive.put(aPackage());
  const gate = createGate();
  await world.startWorker({ name: "one", around: gate.around });
  await world.startWorker({ name: "two", around: gate.around });
  await world.request([one]);
  await world.startManager();
  await gate.reached();
  const { id, taskId } = await world.item(one);
  // The same message once more, as a peer that takes it for lost would send it; and one of another id.
  const other = randomUUID();
  await world.message(messageText({ id: taskId, kwargs: { staging_item_id: id } }));
  await world.message(messageText({ id: other, kwargs: { staging_item_id: id } }));
  await world.untilUnacked(1);
  t.assert.equal((await world.item(one)).attempt, 1);
  for (const each of [taskId, other]) t.assert.notEqual((await world.results.get(each))?.status, "SUCCESS");
  gate.open();
  await world.workUntilIdle();
  t.assert.equal((await world.item(one)).attempt, 1);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("twenty copies of each message, three workers: each package is staged by one attempt", { skip }, async (t) => {
  const world = await startWorld(t, { redis: true });
  const packages = await world.archive.put(...Array.from({ length: 5 }, () => aPackage()));
  await world.request(packages);
  for (const one of packages) {
    const { id, taskId } = await world.item(one);
    for (let i = 0; i < 20; i++) await world.message(messageText({ id: taskId, kwargs: { staging_item_id: id } }));
  }
  for (let i = 0; i < 3; i++) await world.startWorker();
  await world.workUntilIdle();
  for (const one of packages) t.assert.equal((await world.item(one)).attempt, 1, one.name);
  await world.expect({ staged: packages, leftOver: "nothing" });
});

test("a Redis that is flushed in the middle of a package: it is finished, and nothing is done twice", {
  skip,
}, async (t) => {
  const settings = { "worker.concurrency": "1", "manager.sweep_interval": "100ms" };
  const world = await startWorld(t, { redis: true, settings });
  const [underway, waiting, alsoWaiting] = await world.archive.put(aPackage(), aPackage(), aPackage());
  const gate = createGate();
  const reads: string[] = [];
  await world.startWorker({
    around: (storage) => ({
      ...storage,
      read(key, ...rest) {
        reads.push(key);
        return gate.around(storage).read(key, ...rest);
      },
    }),
  });
  await world.request([underway, waiting, alsoWaiting]);
  await world.startManager();
  await gate.reached();
  for (const one of [waiting, alsoWaiting]) {
    await world.untilItem(one, "is on the queue", ({ status }) => status === "scheduled");
  }
  await world.untilEpochKnown();
  await world.queue.flush();
  for (const one of [waiting, alsoWaiting]) {
    await world.untilItem(one, "is rung again", ({ ringCount }) => ringCount === 2);
  }
  gate.open();
  await world.workUntilIdle();
  t.assert.deepEqual(reads, [underway.key, waiting.key, alsoWaiting.key], "each package was read once");
  const rung = new Map<string, number>();
  for (const id of world.queue.published) rung.set(id, (rung.get(id) ?? 0) + 1);
  const rings = async (one: typeof underway) => rung.get((await world.item(one)).taskId);
  t.assert.deepEqual([await rings(underway), await rings(waiting), await rings(alsoWaiting)], [1, 2, 2]);
  await world.expect({ staged: [underway, waiting, alsoWaiting], leftOver: "nothing" });
});

test("what merely waits in a long queue is not rung again, however long it waits", { skip }, async (t) => {
  const settings = { "manager.sweep_interval": "20ms", "manager.rering_after": "1ms", "worker.concurrency": "1" };
  const world = await startWorld(t, { redis: true, settings });
  const packages = await world.archive.put(...Array.from({ length: 12 }, () => aPackage({ files: 1, bytes: 10 })));
  await world.request(packages);
  const manager = await world.startManager();
  for (const one of packages) await world.untilItem(one, "is rung", ({ status }) => status === "scheduled");
  const gate = createGate();
  await world.startWorker({ around: gate.around });
  await gate.reached();
  await world.untilSwept(20);
  t.assert.equal(manager.facts().rungAgain, 0);
  t.assert.equal(world.queue.published.length, packages.length);
  gate.open();
  await world.workUntilIdle();
  t.assert.equal(world.queue.published.length, packages.length);
  await world.expect({ staged: packages, leftOver: "nothing" });
});

test("one message that was lost is rung again, and only that one", { skip }, async (t) => {
  const settings = { "manager.sweep_interval": "20ms", "manager.rering_after": "1ms" };
  const world = await startWorld(t, { redis: true, settings });
  const packages = await world.archive.put(aPackage(), aPackage(), aPackage());
  await world.request(packages);
  await world.startManager();
  for (const one of packages) await world.untilItem(one, "is rung", ({ status }) => status === "scheduled");
  const [lost] = await world.broker.pop([world.queueName]);
  const id = String(lost?.envelope?.headers.id);
  await world.broker.acknowledge(lost!.tag);
  await world.untilPublished(4);
  await world.untilSwept(10);
  t.assert.equal(world.queue.published.length, 4);
  t.assert.equal(world.queue.published[3], id);
  await world.workUntilIdle();
  await world.expect({ staged: packages, leftOver: "nothing" });
});

test("a Redis that is restarted in the middle of a package forgets all, and all is staged", { skip }, async (t) => {
  const settings = { "worker.concurrency": "1", "manager.sweep_interval": "100ms" };
  const world = await startWorld(t, { redis: true, settings });
  const packages = await world.archive.put(aPackage(), aPackage());
  const gate = createGate();
  await world.startWorker({ around: gate.around });
  await world.request(packages);
  await world.startManager();
  await gate.reached();
  await world.untilItem(packages[1], "is on the queue", ({ status }) => status === "scheduled");
  await world.untilEpochKnown();
  await world.queue.restart();
  gate.open();
  for (const one of packages) await world.untilItem(one, "is staged", ({ status }) => status === "completed");
  await world.workUntilIdle();
  for (const one of packages) t.assert.equal((await world.item(one)).attempt, 1);
  await world.expect({ staged: packages, leftOver: "nothing" });
});
