import assert from "node:assert/strict";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { mountSmallDisk, withoutMounting } from "../../../../testing/small-disk.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { SourceUnreachable } from "../../src/errors/source.ts";
import { NotEnoughSpace, type Shortage } from "../../src/errors/staging.ts";
import { renewClaim } from "../../src/opsdb/claims.ts";
import { setBudget } from "../../src/opsdb/locations.ts";
import { roomInUse } from "../../src/opsdb/room.ts";
import { createSpace, freeRoom, freeRoomOf, refuseShortage, type Weighed } from "../../src/staging/space.ts";
import { claimed, oneItem } from "../opsdb/sample-catalogue.ts";
import { startDatabases } from "../opsdb/test-database.ts";
import { lastFirst } from "../world/cleaning.ts";
import { createGate } from "../world/gate.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";

const skip = withoutMounting();
const MiB = 1024 * 1024;
const databases = await startDatabases(18);

const path = "/scratch/staged";
const roomy: Weighed = {
  path,
  needed: { bytes: 10, files: 3 },
  unwritten: { bytes: 8, files: 2 },
  free: { bytes: 100, files: 100 },
  use: { budget: undefined, staged: 0, reserved: 50, unwritten: { bytes: 40, files: 90 } },
  keepFree: 20,
};

function shortage(changes: Partial<Weighed>): Shortage | undefined {
  try {
    refuseShortage({ ...roomy, ...changes });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof NotEnoughSpace);
    const facts = error.facts as Shortage;
    assert.match(error.message, new RegExp(`lacks .*\\b${facts.missing}\\b`));
    return facts;
  }
}

test("bytes are missing when what is free, less what others will write and what is kept, does not suffice", () => {
  assert.equal(shortage({ free: { bytes: 68, files: 100 } }), undefined);
  assert.deepEqual(shortage({ free: { bytes: 65, files: 100 } }), {
    ...{ path, lacks: "bytes", missing: 3, needed: 8, free: 65, reserved: 40, keepFree: 20 },
  });
});

test("inodes are missing when there are fewer than files and folders are to be made", () => {
  assert.equal(shortage({ free: { bytes: 100, files: 92 } }), undefined);
  assert.deepEqual(shortage({ free: { bytes: 100, files: 91 } }), {
    ...{ path, lacks: "inodes", missing: 1, needed: 2, free: 91, reserved: 90 },
  });
});

test("a budget is for all that a package takes, written or not, beside what is staged and promised", () => {
  assert.equal(shortage({ use: { ...roomy.use, budget: 80, staged: 20 } }), undefined);
  assert.deepEqual(shortage({ use: { ...roomy.use, budget: 79, staged: 20 } }), {
    ...{ path, lacks: "budget", missing: 1, needed: 10, reserved: 50, budget: 79, staged: 20 },
  });
});

test("a file system that does not count is asked for nothing", () => {
  const nothing = { bsize: 4096, blocks: 0, bavail: 0, files: 0, ffree: 0 };
  assert.deepEqual(freeRoomOf(nothing), { bytes: undefined, files: undefined });
  assert.equal(shortage({ free: freeRoomOf(nothing) }), undefined);
  assert.deepEqual(freeRoomOf({ ...nothing, blocks: 9, files: 9 }), { bytes: 0, files: 0 });
  assert.equal(shortage({ free: { bytes: undefined, files: 0 } })?.lacks, "inodes");
});

test("the room of a place that is still to be made is that of the folder above it", async (t) => {
  const folder = await temporaryDirectory(t);
  const { bsize } = await statfs(folder);
  const [here, below] = [await freeRoom(folder), await freeRoom(join(folder, "not", "yet"))];
  assert.ok(Math.abs(here.bytes! - below.bytes!) < 1e9 && here.bytes! % bsize === 0);
});

test("what was promised in one process is not there for another, until it is written", async (t) => {
  const db = await databases.open(t);
  const world = await oneItem(db);
  const [first, second] = [createSpace(db, 10), createSpace(db, 10)];
  let free = 100;
  const wish = { path, needed: { bytes: 60, files: 2 }, look: async () => ({ bytes: free, files: undefined }) };
  const { claim } = await claimed(db, world, world.item);
  const reservation = await first.reserve({ ...wish, claim, written: { bytes: 10, files: 1 } });
  assert.deepEqual([first.unwritten, second.unwritten], [50, 0]);

  const other = await oneItem(db);
  const { claim: theirs } = await claimed(db, other, other.item);
  await assert.rejects(second.reserve({ ...wish, claim: theirs }), (error: NotEnoughSpace) => {
    assert.deepEqual([error.facts.missing, error.facts.reserved, error.facts.free], [20, 50, 100]);
    return true;
  });
  reservation.written(25, 1);
  free -= 25;
  assert.deepEqual(reservation.unwritten, { bytes: 25, files: 0 });
  await renewClaim(db, claim.attemptId, 60, 0, reservation.unwritten);
  assert.deepEqual((await roomInUse(db, world.processing.id)).unwritten, { bytes: 25, files: 0 });
  await assert.rejects(second.reserve({ ...wish, claim: theirs }), NotEnoughSpace);
  free += 20;
  await second.reserve({ ...wish, claim: theirs });
  reservation.end();
  assert.equal(first.unwritten, 0);
});

async function smallWorld(t: TestContext, bytes: number) {
  const scope = lastFirst(t);
  const world = await startWorld(t);
  const disk = await mountSmallDisk(scope, join(world.folder, "scratch", "processing"), bytes);
  return { world, disk };
}

test("of two workers that begin at once one gets the last room; the other's package waits and follows", {
  skip,
}, async (t) => {
  const { world, disk } = await smallWorld(t, 12 * MiB);
  const large = { files: 4, bytes: 2 * MiB };
  const [one, two] = await world.archive.put(aPackage(large), aPackage(large));
  const gate = createGate();
  await world.startWorker({ around: gate.around });
  await world.startWorker({ around: gate.around });
  await world.request([one, two]);
  await world.startManager();
  await gate.reached();
  const waiting = await Promise.any(
    [one, two].map((each) => world.untilItem(each, "waited for room", ({ reason }) => reason === "no_space")),
  );
  assert.match(waiting.errorText!, /lacks \d+ bytes of room: 8388608 are needed, .* promised to others/);
  assert.equal(waiting.bytesDone, 0);
  assert.equal((await roomInUse(world.db, world.locations.ramses_processing.id)).reserved, 8 * MiB);
  gate.open();
  await world.workUntilIdle();
  assert.equal((await roomInUse(world.db, world.locations.ramses_processing.id)).reserved, 0);
  await disk.resize(32 * MiB);
  await world.letTimePass();
  await world.workUntilIdle();
  await world.expect({ staged: [one, two], leftOver: "nothing" });
});

test("a package that is refused for what it holds makes room for one that waits, at once", { skip }, async (t) => {
  const { world } = await smallWorld(t, 12 * MiB);
  const large = { files: 4, bytes: 2 * MiB };
  const [bad, good] = await world.archive.put(aPackage(large), aPackage(large));
  await world.archive.flip(bad, 5000);
  const gate = createGate();
  await world.startWorker({ around: gate.around });
  await world.request([bad]);
  await world.startManager();
  await gate.reached();
  await world.request([good]);
  await world.untilItem(good, "waited for room", ({ reason }) => reason === "no_space");
  gate.open();
  await world.untilItem(good, "was staged, an hour before its next attempt", ({ status }) => status === "completed");
  await world.untilItem(bad, "had failed", ({ status }) => status === "failed");
});

test("a location's budget holds back what would exceed it, and lets it go when it is raised", async (t) => {
  const world = await startWorld(t);
  const [one, two] = await world.archive.put(
    aPackage({ files: 2, bytes: 100_000 }),
    aPackage({ files: 2, bytes: 100_000 }),
  );
  const budget = (bytes: number) =>
    world.db.transaction((tx) => setBudget(tx, world.locations.ramses_processing.id, bytes, "olga"));
  await budget(300_000);
  await world.request([one]);
  await world.workUntilIdle();
  await world.request([two]);
  await world.workUntilIdle();
  const { errorText, reason } = await world.item(two);
  assert.match(errorText!, /of its budget of 300000: 204800 are needed, \d+ are staged there and 0 are promised/);
  assert.equal(reason, "no_space");
  await budget(1_000_000);
  await world.untilItem(two, "was staged, an hour before its next attempt", ({ status }) => status === "completed");
  await world.expect({ staged: [one, two], leftOver: "nothing" });
});

test("what an earlier attempt has written needs no room again; and it makes room for others where even the rest has none", {
  skip,
}, async (t) => {
  const { world, disk } = await smallWorld(t, 12 * MiB);
  const large = { files: 4, bytes: 2 * MiB };
  const [lucky, unlucky] = await world.archive.put(aPackage(large), aPackage(large));
  let breaks = true;
  await world.startWorker({
    around: (storage) => ({
      ...storage,
      async *read(key, range, pin, signal) {
        let bytes = 0;
        for await (const chunk of storage.read(key, range, pin, signal)) {
          yield chunk;
          bytes += chunk.length;
          if (breaks && bytes > 5 * MiB) throw new SourceUnreachable({ storage: storage.name, key, what: "cut" });
        }
      },
    }),
  });
  await world.request([lucky]);
  await world.workUntilIdle();
  assert.equal((await world.item(lucky)).errorCode, "CDT-SOURCE-UNREACHABLE");
  await writeFile(join(disk.path, "somebody"), Buffer.alloc(3 * MiB));
  assert.ok((await freeRoom(disk.path)).bytes! < 8 * MiB, "there is no room for all of it");
  breaks = false;
  await world.letTimePass();
  await world.workUntilIdle();
  assert.equal((await world.item(lucky)).status, "completed");

  await rm(join(disk.path, "somebody"));
  await disk.resize(20 * MiB);
  breaks = true;
  await world.request([unlucky]);
  await world.workUntilIdle();
  assert.equal((await world.item(unlucky)).errorCode, "CDT-SOURCE-UNREACHABLE");
  breaks = false;
  const { bytes } = await freeRoom(disk.path);
  await writeFile(join(disk.path, "somebody"), Buffer.alloc(bytes! - MiB));
  await world.letTimePass();
  await world.workUntilIdle();
  const pending = [{ package: unlucky, code: "CDT-NOT-ENOUGH-SPACE", reason: "no_space" as const }];
  await world.expect({ staged: [lucky], pending, leftOver: "nothing", next: "spare_processing" });
});
