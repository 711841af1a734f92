import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../../../../testing/as-nobody.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { destinationPath } from "../../src/bundle/destination-path.ts";
import { parsePrivateName, privateName } from "../../src/bundle/private-names.ts";
import { prepareDirectory, publish } from "../../src/bundle/publish.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { DestinationNotWritable, PathOutsideRoot, TakenOver, TargetExists } from "../../src/errors/destination.ts";
import { UnsafeName } from "../../src/errors/package.ts";
import { until } from "../world/until.ts";
import { treeOf } from "./tree.ts";

const modes = { dir: 0o750 };

test("a destination is the location's path and the package's name, and stays below the root", () => {
  assert.equal(destinationPath("/data", "/data/ramses", "staged", "package"), "/data/ramses/staged/package");
  assert.equal(destinationPath("/data", "/data", "staged", "package"), "/data/staged/package");
  assert.equal(destinationPath("/", "/data/ramses/", "staged", "package"), "/data/ramses/staged/package");
  for (const path of ["/etc", "/data/../etc", "/data-2/x", "data/x", "/data/./x", "/data//x", "", "/dat"]) {
    assert.throws(() => destinationPath("/data", path, "staged", "package"), PathOutsideRoot, path);
  }
  for (const name of ["..", "../x", "", "a//b", "a\0b", "/etc"]) {
    assert.throws(() => destinationPath("/data", "/data/x", "staged", name), UnsafeName, name);
  }
  assert.throws(() => destinationPath("/data", "/data/line\nbreak", "staged", "x"), UnsafeName);
});

test("the private directory lies beside the target, is ours alone, and its missing parents are made", async (t) => {
  const root = await temporaryDirectory(t);
  const directory = await prepareDirectory(join(root, "location/staged"), 12, 3, root);
  assert.equal(directory, join(root, "location/staged/.staging-12-3"));
  assert.equal((await lstat(directory)).mode & 0o7777, 0o700);
  assert.deepEqual(parsePrivateName(privateName(12, 3)), { item: 12, attempt: 3 });
  assert.equal(parsePrivateName(".staging-12-3.sums"), undefined);
});

test("parents that are links are refused, wherever they lead; those above the root are not our business", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "real/data"), { recursive: true });
  await mkdir(join(root, "elsewhere"));
  await symlink(join(root, "elsewhere"), join(root, "real/data/location"));
  await assert.rejects(
    prepareDirectory(join(root, "real/data/location/staged"), 1, 1, join(root, "real")),
    PathOutsideRoot,
  );
  await assert.rejects(prepareDirectory(join(root, "real/data/location/staged"), 1, 1), PathOutsideRoot);
  assert.deepEqual(await readdir(join(root, "elsewhere")), []);

  await symlink(join(root, "real"), join(root, "mounted"));
  const directory = await prepareDirectory(join(root, "mounted/data/other/staged"), 1, 1, join(root, "mounted"));
  assert.deepEqual(await readdir(join(root, "real/data/other/staged")), [".staging-1-1"]);
  assert.deepEqual(await readdir(directory), []);

  await writeFile(join(root, "real/data/file"), "");
  await assert.rejects(prepareDirectory(join(root, "real/data/file/staged"), 1, 1), PathOutsideRoot);
  await assert.rejects(
    prepareDirectory(join(root, "missing/staged"), 1, 1, join(root, "missing")),
    DestinationNotWritable,
  );
});

test("a successor takes over by renaming: the predecessor can publish nothing, and the successor finds what the latest has left", async (t) => {
  const parent = await temporaryDirectory(t);
  const first = await prepareDirectory(parent, 5, 1);
  await mkdir(join(first, "folder"));
  await writeFile(join(first, "folder/file"), "of the first attempt");
  const second = await prepareDirectory(parent, 5, 2);
  await mkdir(first);
  await writeFile(join(first, "woken"), "by one that was only frozen");
  const stranger = await prepareDirectory(parent, 55, 1);
  const third = await prepareDirectory(parent, 5, 3);
  assert.deepEqual(await readdir(third, { recursive: true }), ["folder", "folder/file"]);
  assert.deepEqual((await readdir(parent)).sort(), [".staging-5-3", ".staging-55-1"]);
  for (const late of [first, second]) {
    await assert.rejects(publish(late, [late], join(parent, "package"), modes), TakenOver);
  }
  await writeFile(join(third, "file"), "of the third");
  await publish(third, [third], join(parent, "package"), modes);
  assert.equal(await readFile(join(parent, "package/file"), "utf8"), "of the third");
  assert.deepEqual(await readdir(stranger), []);
});

test("an older attempt's directory is taken away before anything in it is removed: nobody publishes a part of it", async (t) => {
  const parent = await temporaryDirectory(t);
  await prepareDirectory(parent, 5, 2);
  const woken = join(parent, privateName(5, 1));
  await mkdir(join(woken, "tree"), { recursive: true });
  for (let file = 0; file < 400; file++) await writeFile(join(woken, "tree", String(file)), "ten bytes.");
  const prepared = prepareDirectory(parent, 5, 3);
  await until("it has begun", async () => (await readdir(join(woken, "tree")).catch(() => [])).length < 400);
  await assert.rejects(publish(join(woken, "tree"), [join(woken, "tree")], join(parent, "package"), modes), TakenOver);
  await prepared;
  assert.deepEqual(await readdir(parent), [".staging-5-3"]);
});

test("publishing gives the directory its mode, and moves it in one step", async (t) => {
  const parent = await temporaryDirectory(t);
  const directory = await prepareDirectory(parent, 1, 1);
  await mkdir(join(directory, "a/b"), { recursive: true });
  await writeFile(join(directory, "a/b/file"), "bytes");
  const { ino } = await lstat(join(directory, "a/b/file"));
  await publish(
    directory,
    ["a/b", "a", ""].map((path) => join(directory, path)),
    join(parent, "package"),
    { dir: 0o2755, gid: process.getgid?.() },
  );
  assert.equal((await lstat(join(parent, "package"))).mode & 0o7777, 0o2755);
  assert.equal((await lstat(join(parent, "package/a/b/file"))).ino, ino);
  assert.deepEqual(await readdir(parent), ["package"]);
});

test("whatever lies at the target stays as it is: a tree, an empty directory, a file, a link to nowhere", async (t) => {
  const parent = await temporaryDirectory(t);
  const target = join(parent, "package");
  const occupations: [string, () => Promise<unknown>][] = [
    ["a directory", () => mkdir(join(target, "something"), { recursive: true })],
    ["a directory", () => mkdir(target)],
    ["a file", () => writeFile(target, "somebody's")],
    ["a link", () => symlink("/nowhere", target)],
  ];
  for (const [found, occupy] of occupations) {
    const directory = await prepareDirectory(parent, 1, 1);
    await writeFile(join(directory, "file"), "bytes");
    await occupy();
    const before = await treeOf(parent);
    await assert.rejects(publish(directory, [directory], target, modes), (error) => {
      assert.ok(error instanceof TargetExists, String(error));
      assert.equal(error.facts.found, found);
      return true;
    });
    assert.deepEqual(await treeOf(parent), before);
    await removeTree(target);
  }
});

test("of many who publish at once exactly one succeeds, and the others are told", async (t) => {
  const parent = await temporaryDirectory(t);
  const target = join(parent, "package");
  for (let round = 0; round < 20; round++) {
    const attempts = [1, 2, 3, 4].map(async (item) => {
      const directory = await prepareDirectory(parent, item, 1);
      await writeFile(join(directory, "whose"), String(item));
      return { directory, item };
    });
    const outcomes = await Promise.allSettled(
      (await Promise.all(attempts)).map(async ({ directory, item }) => {
        await publish(directory, [directory], target, modes);
        return item;
      }),
    );
    const winners = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const errors = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    assert.equal(winners.length, 1);
    assert.ok(
      errors.every((error) => error instanceof TargetExists),
      String(errors),
    );
    assert.equal(await readFile(join(target, "whose"), "utf8"), String(winners[0]));
    for (const name of await readdir(parent)) await removeTree(join(parent, name));
  }
});

test("removing a tree removes links, not what they lead to, and directories that nobody may enter", async (t) => {
  const world = await temporaryDirectory(t);
  await chmod(world, 0o777);
  await asNobody(async () => {
    const mine = await mkdtemp(join(world, "mine-"));
    await mkdir(join(mine, "kept"));
    await writeFile(join(mine, "kept/file"), "kept");
    const tree = join(mine, "tree");
    await mkdir(join(tree, "a/b/c"), { recursive: true });
    await writeFile(join(tree, "a/b/c/file"), "");
    for (let n = 0; n < 200; n++) await writeFile(join(tree, `a/file-${n}`), "");
    await symlink(join(mine, "kept"), join(tree, "a/link"));
    await symlink("/nowhere", join(tree, "a/b/dangling"));
    for (const locked of ["a/b/c", "a/b", "a", ""]) await chmod(join(tree, locked), 0);
    await removeTree(tree);
    assert.deepEqual(await readdir(mine), ["kept"]);
    assert.equal(await readFile(join(mine, "kept/file"), "utf8"), "kept");
    await symlink(join(mine, "kept"), join(mine, "link"));
    await removeTree(join(mine, "link"));
    await removeTree(join(mine, "never-was"));
    assert.deepEqual(await readdir(mine), ["kept"]);
  });
});

test("a parent that this user may not write to is a matter for a person", async (t) => {
  const parent = await temporaryDirectory(t);
  await chmod(parent, 0o755);
  const directory = await prepareDirectory(parent, 1, 1);
  await asNobody(async () => {
    await assert.rejects(prepareDirectory(parent, 2, 1), DestinationNotWritable);
    await assert.rejects(publish(directory, [directory], join(parent, "package"), modes), DestinationNotWritable);
  });
});
