import { lstat, readdir, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sql from "sql-template-tag";
import { stagedCopies } from "../../src/opsdb/packages.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { aPackage } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";
import { namesIn } from "../world/tree.ts";

/** An archive that must not be read. */
function untouched(reads: string[]): (storage: Storage) => Storage {
  return (storage) => ({
    ...storage,
    read(key, ...rest) {
      reads.push(key);
      return storage.read(key, ...rest);
    },
  });
}

test("a package that is staged already is verified anew and reported as already there; nothing is read again", async (t) => {
  const world = await startWorld(t);
  const reads: string[] = [];
  await world.startWorker({ around: untouched(reads) });
  const [one] = await world.archive.put(aPackage());
  await world.request([one]);
  await world.workUntilIdle();
  const before = await stats(world.directoryOf(one));
  t.assert.equal((await world.item(one)).alreadyThere, false);

  const again = await world.request([one]);
  await world.workUntilIdle();
  const item = await world.item(one);
  t.assert.equal(item.jobId, again.id);
  t.assert.equal(item.alreadyThere, true);
  t.assert.deepEqual(reads, [one.key], "read once, for the first job");
  t.assert.deepEqual(await stats(world.directoryOf(one)), before, "the very same files");
  const result = Object((await world.results.get(item.taskId))?.result);
  t.assert.equal(result.already_there, true);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a staged package that no archive holds any more is still there for the next job", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  await world.request([one]);
  await world.workUntilIdle();
  await world.db.query(sql`DELETE FROM physical_copy WHERE data_location_id = ${world.locations.lta.id}`);
  await world.archive.remove(one);
  await world.request([one]);
  await world.workUntilIdle();
  t.assert.equal((await world.item(one)).alreadyThere, true);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("staged packages that were damaged since are put aside, and staged anew", async (t) => {
  const world = await startWorld(t);
  const [changed, lacking, added] = await world.archive.put(aPackage(), aPackage(), aPackage());
  await world.request([changed, lacking, added]);
  await world.workUntilIdle();
  const [path] = [...changed.contents.keys()];
  await writeFile(join(world.directoryOf(changed), path!), "not what it was");
  await unlink(join(world.directoryOf(lacking), path!));
  await writeFile(join(world.directoryOf(added), "notes"), "somebody's notes");

  await world.request([changed, lacking, added]);
  await world.workUntilIdle();
  const aside = [changed, lacking, added].map(({ name }) => `.quarantine-${name}-1`);
  for (const one of [changed, lacking, added]) t.assert.equal((await world.item(one)).alreadyThere, false);
  await world.expect({ staged: [changed, lacking, added], leftOver: aside });
  t.assert.deepEqual(
    await namesIn(join(world.staged, aside[2]!)),
    ["night-0", "night-1", "notes"],
    "what was put aside can be looked at",
  );
});

test("a staged package that somebody removed is staged anew, and kept for as long as was promised before", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  await world.request([one]);
  await world.workUntilIdle();
  const longer = sql`UPDATE physical_copy SET expires_at = '2100-01-01T00:00:00Z' WHERE status = 'staged'`;
  await world.db.query(longer);
  await rm(world.directoryOf(one), { recursive: true });
  await world.request([one]);
  await world.workUntilIdle();
  t.assert.equal((await world.item(one)).alreadyThere, false);
  const [copy] = await stagedCopies(world.db, [one.id], world.locations.ramses_processing.id);
  t.assert.equal(new Date(copy!.expiresAt!).getUTCFullYear(), 2100);
  await world.expect({ staged: [one], leftOver: "nothing" });
});

test("a staged package that was damaged, and whose archive copy is gone, is not recorded as staged any more", async (t) => {
  const world = await startWorld(t);
  const [one] = await world.archive.put(aPackage());
  await world.request([one]);
  await world.workUntilIdle();
  await writeFile(join(world.directoryOf(one), "notes"), "somebody's notes");
  await world.archive.remove(one);
  await world.request([one]);
  await world.workUntilIdle();
  await world.expect({
    failed: [{ package: one, code: "CDT-OBJECT-MISSING", reason: "no_source" }],
    leftOver: [`.quarantine-${one.name}-1`, `${one.name}.xxh64`],
  });
});

async function stats(directory: string): Promise<unknown> {
  const names = await readdir(directory, { recursive: true });
  return await Promise.all(
    names.sort().map(async (name) => {
      const { ino, mtimeMs, ctimeMs } = await lstat(join(directory, name));
      return { name, ino, mtimeMs, ctimeMs };
    }),
  );
}
