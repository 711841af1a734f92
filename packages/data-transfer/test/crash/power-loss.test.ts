import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { aPackage, type PackageWorld } from "../bundle/a-package.ts";
import { brokenPromises, type Promised } from "./kept-promise.ts";
import type { Operation } from "./power-loss-model.ts";
import { record } from "./record.ts";

const skip = without("strace");
const timeout = 600_000;

test("whenever the power fails: nothing is visible, or the whole package; and what was done stays", {
  skip,
  timeout,
}, async (t) => {
  const world = await aSmallPackage(t);
  const { says, operations } = await record(world, 1);
  assert.equal(says, "done");
  assert.ok(operations.some(({ call }) => call === "truncate"));
  assert.deepEqual(brokenPromises(operations, await promisedBy(world)), []);
  await assertEachSyncCounts(t, operations, await promisedBy(world));
});

test("the same where small files are synced all together", { skip, timeout }, async (t) => {
  const world = await aSmallPackage(t);
  const { says, operations } = await record(world, 1, { syncedAlone: 0 });
  assert.equal(says, "done");
  const together = operations.filter(({ call }) => call === "sync all");
  assert.ok(together.length > 0, "they were not");
  const alone = operations.filter(({ call, path }) => call === "sync" && path.endsWith(".fits"));
  assert.deepEqual(new Set(alone.map(({ path }) => nameOf(path, world.staged))), new Set(["tree/large.fits"]));
  assert.deepEqual(brokenPromises(operations, await promisedBy(world)), []);
  const without = operations.filter(({ call }) => call !== "sync all");
  assert.notDeepEqual(brokenPromises(without, await promisedBy(world)), []);
});

test("the same for an attempt that goes on where an earlier one has stopped", { skip, timeout }, async (t) => {
  const world = await aSmallPackage(t);
  const first = await record(world, 1, { breakAt: world.bytes.length - 3000 });
  assert.equal(first.says, "broken");
  const second = await record(world, 2);
  assert.equal(second.says, "done");
  const operations = [...first.operations, ...later(second.operations, first.operations)];
  const written = operations.filter(({ call, path }) => call === "create" && path.includes("/tree/"));
  assert.equal(new Set(written.map(({ path }) => path.split("/tree/")[1])).size, 3);
  assert.ok(
    second.operations.every(({ call, path }) => call !== "write" || !path.includes("large")),
    "it did not go on",
  );
  assert.deepEqual(brokenPromises(operations, await promisedBy(world)), []);
  await assertEachSyncCounts(t, operations, await promisedBy(world));
});

test("a folder that somebody else has just made, and not synced, is as durable afterwards as one of ours", {
  skip,
  timeout,
}, async (t) => {
  const world = await aSmallPackage(t);
  await mkdir(world.staged, { recursive: true });
  const theirs = [dirname(world.staged), world.staged].map(
    (path): Operation => ({ call: "mkdir", path, began: 0, ended: 0 }),
  );
  const { says, operations } = await record(world, 1);
  assert.equal(says, "done");
  assert.deepEqual(brokenPromises([...theirs, ...later(operations, theirs)], await promisedBy(world)), []);
});

test("a sync that the system only pretends to make is found out, whichever it is", { skip, timeout }, async (t) => {
  const world = await aSmallPackage(t);
  const promises: string[] = [];
  for (let lie = 1; ; lie++) {
    await removeTree(dirname(world.staged));
    const { says, operations, lied } = await record(world, 1, { lie });
    assert.equal(says, "done");
    if (lied.length === 0) break;
    const broken = brokenPromises(operations, await promisedBy(world));
    const where = nameOf(lied[0] as string, world.staged);
    t.diagnostic(`${where}: ${broken[0] ?? "nothing broken"}`);
    // The parent is synced once more, for the list.
    if (where === "staged" && !promises.includes("staged")) assert.deepEqual(broken, []);
    else assert.notDeepEqual(broken, [], where);
    promises.push(where);
  }
  const tree = ["tree", "tree/folder", "tree/folder/in.fits", "tree/large.fits", "tree/small.fits"];
  assert.deepEqual(promises.sort(), ["location", "staged", "staged", "sums", ...tree, "world"]);
});

/** Why the promise does not need it. */
const redundant: [test: RegExp, reason: string][] = [
  [/journal(\.draft)?$/, "what it names is read again and compared with its digests"],
];

/** Each sync left out, in turn: the promise is broken, or the sync is one of those that it does not need. */
async function assertEachSyncCounts(t: TestContext, operations: Operation[], promised: Promised): Promise<void> {
  const syncs = operations.filter(({ call }) => call === "sync");
  const parent = dirname(promised.target);
  const ofParent = syncs.filter(({ path }) => path === parent);
  assert.equal(ofParent.length, 2, "one for the package, one for the list");
  for (const sync of syncs) {
    // Folders above are synced by each attempt anew.
    const isAbove = parent.startsWith(`${sync.path}/`);
    const without = operations.filter(
      (one) => one !== sync && !(isAbove && one.call === "sync" && one.path === sync.path),
    );
    const broken = brokenPromises(without, promised);
    const reason = redundant.find(([test]) => test.test(sync.path))?.[1];
    const where = nameOf(sync.path, parent);
    t.diagnostic(`without the sync of ${where}: ${broken[0] ?? "nothing broken"}`);
    // The later one, for the list, makes the package's name durable too.
    if (reason !== undefined || sync === ofParent[0]) assert.deepEqual(broken, [], where);
    else assert.notDeepEqual(broken, [], where);
  }
  const neither = operations.filter((one) => !ofParent.includes(one));
  assert.ok(brokenPromises(neither, promised).includes("the package is gone at the end"));
}

/** A small file, one that is written past the page cache and cut to its size, and one in a folder; the parent is missing. */
async function aSmallPackage(t: TestContext): Promise<PackageWorld> {
  const files = {
    "folder/in.fits": randomBytes(100),
    "large.fits": randomBytes(300_001),
    "small.fits": randomBytes(3000),
  };
  const world = await aPackage(t, { files });
  await writeFile(join(world.tarPath, "../manifest.json"), JSON.stringify(world.manifest));
  await removeTree(dirname(world.staged));
  return world;
}

async function promisedBy({ staged, files }: PackageWorld): Promise<Promised> {
  const list = join(staged, "package.xxh64");
  return {
    root: dirname(dirname(staged)),
    target: join(staged, "package"),
    files: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, bytes.length])),
    list: { path: list, size: (await stat(list)).size },
  };
}

function later(operations: Operation[], than: Operation[]): Operation[] {
  const last = Math.max(...than.map(({ ended }) => ended)) + 1;
  return operations.map((one) => ({ ...one, began: one.began + last, ended: one.ended + last }));
}

/** For people: `tree/small.fits`. */
function nameOf(path: string, staged: string): string {
  const below = relative(dirname(dirname(staged)), path);
  if (below === "" || below === "location") return below || "world";
  return relative("location/staged", below).replace(/^\.staging-1-\d\//, "") || "staged";
}
