import { mkdir, readFile, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { mountSmallDisk, withoutMounting } from "../../../../testing/small-disk.ts";
import { retryJob } from "../../src/opsdb/job-control.ts";
import { roomInUse } from "../../src/opsdb/room.ts";
import { lastFirst } from "../world/cleaning.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import { layOut } from "../world/tree.ts";

const skip = withoutMounting();
const MiB = 1024 * 1024;

/** A world whose processing location is a small file system of its own. */
async function startSmallWorld(t: TestContext, bytes: number, settings: Record<string, string> = {}) {
  const scope = lastFirst(t);
  const world = await startWorld(t, { settings });
  const disk = await mountSmallDisk(scope, join(world.folder, "scratch", "processing"), bytes);
  return { world, disk };
}

test("a package waits while its destination is read-only, and is staged when somebody has mended that", {
  skip,
}, async (t) => {
  const { world, disk } = await startSmallWorld(t, 16 * MiB);
  const [one] = await world.archive.put(aPackage());
  await disk.readOnly();
  const job = await world.request([one]);
  await world.workUntilIdle();
  const pending = [{ package: one, code: "CDT-DESTINATION-NOT-WRITABLE", reason: "misconfigured" as const }];
  await world.expect({ pending, leftOver: "nothing", next: "spare_processing" });

  await disk.writable();
  t.assert.equal(await world.db.transaction((tx) => retryJob(tx, job.id, "astrid")), 1, "it need not wait any longer");
  await world.workUntilIdle();
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a package waits while a file lies where its folder belongs", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  await writeFile(world.staged, "somebody's file");
  await world.request([one]);
  await world.workUntilIdle();
  const pending = [{ package: one, code: "CDT-PATH-OUTSIDE-ROOT", reason: "misconfigured" as const }];
  await world.expect({ pending, leftOver: "nothing", next: "spare_processing" });
  t.assert.equal(await readFile(world.staged, "utf8"), "somebody's file");
  await unlink(world.staged);
  await world.letTimePass();
  await world.workUntilIdle();
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a package that has no room is not begun; a smaller one is; and it is staged when there is room", {
  skip,
}, async (t) => {
  const { world, disk } = await startSmallWorld(t, 2 * MiB);
  const [large, small] = await world.archive.put(aPackage({ files: 4, bytes: MiB }), aPackage());
  await world.request([large, small]);
  await world.workUntilIdle();
  await world.expect({
    staged: [small],
    pending: [{ package: large, code: "CDT-NOT-ENOUGH-SPACE", reason: "no_space" }],
    leftOver: "nothing",
  });
  t.assert.equal((await world.item(large)).bytesDone, 0);
  await disk.resize(16 * MiB);
  await world.letTimePass();
  await world.workUntilIdle();
  await world.expect({ staged: [small, large], leftOver: "nothing" });
});

test("room that the settings want to be kept free is not used", { skip }, async (t) => {
  const { world } = await startSmallWorld(t, 16 * MiB, { "staging.keep_free": "15 MiB" });
  const [large, small] = await world.archive.put(aPackage({ files: 2, bytes: MiB }), aPackage());
  await world.request([large, small]);
  await world.workUntilIdle();
  await world.expect({
    staged: [small],
    pending: [{ package: large, code: "CDT-NOT-ENOUGH-SPACE", reason: "no_space" }],
    leftOver: "nothing",
  });
});

test("a destination that fills up in the middle leaves nothing behind, and the package is staged later", {
  skip,
}, async (t) => {
  const { world, disk } = await startSmallWorld(t, 8 * MiB);
  const [one] = await world.archive.put(aPackage({ files: 3, bytes: 2 * MiB }));
  let room = false;
  await world.startWorker({
    around: (storage) => ({
      ...storage,
      async *read(key, range, pin, signal) {
        // Somebody else writes a lot, after the room was looked at.
        if (!room) await writeFile(join(disk.path, "somebody"), Buffer.alloc(5 * MiB));
        yield* storage.read(key, range, pin, signal);
      },
    }),
  });
  await world.request([one]);
  await world.workUntilIdle();
  const pending = [{ package: one, code: "CDT-NO-SPACE", reason: "no_space" as const }];
  await world.expect({ pending, leftOver: "nothing", next: "nowhere" });
  const promised = await roomInUse(world.db, world.locations.ramses_processing.id);
  t.assert.deepEqual([promised.reserved, promised.unwritten], [0, { bytes: 0, files: 0 }]);
  room = true;
  await unlink(join(disk.path, "somebody"));
  await world.letTimePass();
  await world.workUntilIdle();
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("whatever lies where a package belongs is left alone, and the package is failed", async (t) => {
  const world = await startWorld(t);
  const [byFile, byEmpty, byOther, byMore, byLink, good] = (await world.archive.put(
    ...Array.from({ length: 6 }, () => aPackage()),
  )) as never as Parameters<typeof world.directoryOf>[0][];
  await mkdir(world.staged);
  await writeFile(world.directoryOf(byFile!), "somebody's file");
  await mkdir(world.directoryOf(byEmpty!));
  await mkdir(world.directoryOf(byOther!));
  await writeFile(join(world.directoryOf(byOther!), "notes"), "somebody's notes");
  await layOut(world.directoryOf(byMore!), byMore!);
  await writeFile(join(world.directoryOf(byMore!), "notes"), "somebody's notes");
  await symlink("/etc", world.directoryOf(byLink!));

  const occupied = [byFile!, byEmpty!, byOther!, byMore!, byLink!];
  await world.request([...occupied, good!]);
  await world.workUntilIdle();
  await world.expect({
    staged: [good!],
    failed: occupied.map((one) => ({ package: one, code: "CDT-DESTINATION-OCCUPIED", reason: "destination_occupied" })),
    leftOver: occupied.map(({ name }) => name),
  });
  t.assert.equal(await readFile(world.directoryOf(byFile!), "utf8"), "somebody's file");
  t.assert.equal(await readFile(join(world.directoryOf(byMore!), "notes"), "utf8"), "somebody's notes");
});

test("a tree that lies there already and is just this package is adopted", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  await world.archive.remove(one);
  await layOut(world.directoryOf(one), one);
  await world.request([one]);
  await world.workUntilIdle();
  t.assert.equal((await world.item(one)).alreadyThere, true);
  await world.expect({ staged: [one], leftOver: "nothing" });
});
