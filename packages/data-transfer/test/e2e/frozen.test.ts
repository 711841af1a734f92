import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { aPackage, type PackageWorld } from "../bundle/a-package.ts";
import { treeOf } from "../bundle/tree.ts";
import { attemptIn, freezeAt } from "../crash/frozen-attempt.ts";

const skip = without("strace");
const timeout = 600_000;

/** Those that leave something on the disk or prepare to; behind a close nothing is otherwise than behind the call before it. */
const calls = ["mkdir", "openat", "pwrite64", "ftruncate", "fsync", "chmod", "rename", "write", "unlink", "rmdir"];

for (const call of calls) {
  test(`frozen at any ${call}, overtaken by the next attempt, thawed: there is one package, and it is right`, {
    skip,
    timeout,
  }, async (t) => {
    const world = await aWorld(t, {
      "a.fits": randomBytes(3000),
      "folder/b.fits": randomBytes(100),
      "large.fits": randomBytes(300_001),
    });
    await assertOvertaken(t, world, call, 1);
  });
}

for (const call of ["openat", "pwrite64", "fdatasync", "rename"]) {
  test(`the same for an attempt that itself goes on where another has stopped: ${call}`, {
    skip,
    timeout,
  }, async (t) => {
    const world = await aWorld(t, {
      "a.fits": randomBytes(3000),
      "folder/b.fits": randomBytes(100),
      "large.fits": randomBytes(300_001),
      "z.fits": randomBytes(5000),
    });
    await leaveSomething(world, world.bytes.length - 3000);
    await assertOvertaken(t, world, call, 2);
  });
}

/** Freezes an attempt at each of its calls in turn, lets the next one do the work, and thaws it. */
async function assertOvertaken(t: TestContext, world: PackageWorld, call: string, attempt: number): Promise<void> {
  const ends = new Map<string, number>();
  for (let when = 1; ; when++) {
    const at = `${call} number ${when}`;
    await restore(world);
    const frozen = await freezeAt(t, world, attempt, call, when);
    if (frozen === undefined) break;
    const published = (await readdir(world.staged)).includes("package");
    const next = await attemptIn(world, attempt + 1);
    assert.equal(next, published ? "CDT-TARGET-EXISTS configuration" : "done", at);
    const before = await whatIsThere(world);
    await assertRight(world, at, { list: !published });

    const end = await frozen.thaw();
    await assertRight(world, at, { list: !published });
    if (!published) assert.deepEqual(await whatIsThere(world), before, at);
    ends.set(end, (ends.get(end) ?? 0) + 1);
    const right = published ? /^(done|CDT-TAKEN-OVER transient)$/ : /^(CDT-TAKEN-OVER|CDT-TARGET-EXISTS) /;
    assert.match(end, right, at);
  }
  for (const [end, count] of ends) t.diagnostic(`${count} times ${end}`);
  assert.ok(ends.size > 0, "it was never frozen");
}

/** All files of the package with their bytes, nothing else in it, the list of sums right, and nothing beside. */
async function assertRight(
  { staged, files, manifest }: PackageWorld,
  at: string,
  { list }: { list: boolean },
): Promise<void> {
  const beside = (await readdir(staged)).sort();
  assert.deepEqual(
    beside.filter((name) => name !== "package.xxh64"),
    ["package"],
    at,
  );
  const found = Object.entries(await treeOf(join(staged, "package"))).filter(([, what]) => what !== "directory");
  assert.deepEqual(
    found.map(([path]) => path),
    Object.keys(files).sort(),
    at,
  );
  for (const [path, bytes] of Object.entries(files)) {
    assert.ok((await readFile(join(staged, "package", path))).equals(bytes), `${at}: ${path}`);
  }
  if (!list && !beside.includes("package.xxh64")) return;
  const sums = (await readFile(join(staged, "package.xxh64"), "utf8")).split("\n").filter((line) => line !== "");
  const expected = manifest.files.map(({ path, checksums }) => `${checksums[0]?.digest}  package/${path}`);
  assert.deepEqual(sums.sort(), expected.sort(), at);
}

async function whatIsThere({ staged }: PackageWorld): Promise<Record<string, string>> {
  return await treeOf(staged);
}

async function aWorld(t: TestContext, files: Record<string, Buffer>): Promise<PackageWorld> {
  const world = await aPackage(t, { files });
  await writeFile(join(world.tarPath, "../manifest.json"), JSON.stringify(world.manifest));
  return world;
}

/** What the first attempt has left, for each of those that go on with it. */
function leftBy({ tarPath }: PackageWorld): string {
  return join(dirname(tarPath), "left");
}

async function leaveSomething(world: PackageWorld, breakAt: number): Promise<void> {
  assert.equal(await attemptIn(world, 1, breakAt), "broken");
  await rename(join(world.staged, ".staging-1-1"), leftBy(world));
}

async function restore(world: PackageWorld): Promise<void> {
  for (const name of await readdir(world.staged)) await removeTree(join(world.staged, name));
  if (!existsSync(leftBy(world))) return;
  await cp(leftBy(world), join(world.staged, ".staging-1-1"), { recursive: true, preserveTimestamps: true });
}
