import assert from "node:assert/strict";
import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { removeLeftovers, takePrivateDirectory, targetPath } from "../../src/package/private-directory.ts";

async function aTarget(t: Scope) {
  const parent = await temporaryDirectory(t);
  return { parent, target: join(parent, "dest") };
}

test("a private directory is beside its target, for us alone, and a new one each time", async (t) => {
  const { parent, target } = await aTarget(t);
  const mask = process.umask(0o777);
  t.after(() => process.umask(mask));
  const directory = await takePrivateDirectory(target, "source", true);
  assert.match(basename(directory), /^\.package-[0-9a-f]{12}-[0-9a-f]{12}-[0-9a-f]{12}$/);
  assert.deepEqual(await readdir(parent), [basename(directory)]);
  assert.equal((await stat(directory)).mode & 0o7777, 0o700);
});

test("what an earlier run left for the same source and target is taken over under another name", async (t) => {
  const { parent, target } = await aTarget(t);
  const first = await takePrivateDirectory(target, "source", true);
  await writeFile(join(first, "journal"), "");
  const second = await takePrivateDirectory(target, "source", true);
  assert.notEqual(second, first);
  assert.deepEqual(await readdir(parent), [basename(second)]);
  assert.deepEqual(await readdir(second), ["journal"]);
});

test("of several that were left one is taken over, and the others are removed", async (t) => {
  const { parent, target } = await aTarget(t);
  const name = basename(await takePrivateDirectory(target, "source", true)).slice(0, -1);
  for (const digit of "ghi") await mkdir(join(parent, name + digit, "folder"), { recursive: true, mode: 0o700 });
  const own = await takePrivateDirectory(target, "source", true);
  assert.deepEqual(await readdir(parent), [basename(own)]);
});

test("afresh, nothing of it is used", async (t) => {
  const { parent, target } = await aTarget(t);
  await writeFile(join(await takePrivateDirectory(target, "source", true), "journal"), "");
  const own = await takePrivateDirectory(target, "source", false);
  assert.deepEqual(await readdir(parent), [basename(own)]);
  assert.deepEqual(await readdir(own), []);
});

test("a directory that others can write to, or a link to one, is never used", async (t) => {
  const { parent, target } = await aTarget(t);
  const elsewhere = await temporaryDirectory(t);
  await chmod(elsewhere, 0o700);
  await writeFile(join(elsewhere, "planted"), "");
  const first = await takePrivateDirectory(target, "source", true);
  await writeFile(join(first, "planted"), "");
  await chmod(first, 0o770);
  const second = await takePrivateDirectory(target, "source", true);
  assert.deepEqual(await readdir(second), []);
  await removeLeftovers(target);
  await symlink(elsewhere, second);
  const third = await takePrivateDirectory(target, "source", true);
  assert.ok((await stat(third)).isDirectory());
  assert.deepEqual(await readdir(third), []);
  assert.deepEqual(await readdir(parent), [basename(third)]);
  assert.deepEqual(await readdir(elsewhere), ["planted"]);
});

test("other sources' and other targets' directories stay, until the target is there", async (t) => {
  const { parent, target } = await aTarget(t);
  const ofOther = await takePrivateDirectory(target, "another source", true);
  const ofOtherTarget = await takePrivateDirectory(`${target}2`, "source", true);
  const own = await takePrivateDirectory(target, "source", true);
  assert.deepEqual((await readdir(parent)).sort(), [ofOther, ofOtherTarget, own].map((path) => basename(path)).sort());
  await removeLeftovers(target);
  assert.deepEqual(await readdir(parent), [basename(ofOtherTarget)]);
});

test("links on the way to a target are followed, the target itself is not", async (t) => {
  const { parent } = await aTarget(t);
  await mkdir(join(parent, "real"));
  await symlink("real", join(parent, "link"));
  await symlink("elsewhere", join(parent, "real/dest"));
  assert.equal(await targetPath(join(parent, "link/dest/")), join(parent, "real/dest"));
});
