import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { packDirectory } from "../../src/bundle/pack.ts";
import { UnsafeName } from "../../src/errors/package.ts";
import { UsageError } from "../../src/errors/usage.ts";
import { gnuExtract } from "./gnu-tar.ts";
import { sha256 } from "./lenient-manifest.ts";
import { treeOf } from "./tree.ts";

test("a directory is packed with its empty folders and long names; GNU tar gets the same tree, the manifest is true", async (t) => {
  const { tree, tar, world } = await aTree(t);
  const manifest = await packDirectory(tree, tar, { algorithm: "sha256" });
  const theirs = join(world, "theirs");
  await mkdir(theirs);
  const bytes = await readFile(tar);
  assert.deepEqual(await gnuExtract(bytes, theirs), { content: true, says: "" });
  const found = await treeOf(tree);
  assert.deepEqual(await treeOf(theirs), found);

  assert.deepEqual(manifest.package, {
    name: "tree",
    size: bytes.length,
    checksums: [{ algorithm: "sha256", digest: sha256(bytes) }],
  });
  for (const {
    path,
    size,
    checksums: [checksum],
  } of manifest.files) {
    assert.equal(checksum?.digest, found[path]);
    assert.equal(size, (await stat(join(tree, path))).size);
  }
  assert.equal(manifest.files.length, Object.values(found).filter((what) => what !== "directory").length);
});

test("the same tree gives the same bytes, in order of names", async (t) => {
  const { tree, tar } = await aTree(t);
  const manifest = await packDirectory(tree, tar);
  assert.deepEqual(await packDirectory(tree, `${tar}-again`), manifest);
  assert.ok((await readFile(tar)).equals(await readFile(`${tar}-again`)));
  const listed = execFileSync("tar", ["--list", "--quoting-style=literal", "--file", tar], { encoding: "utf8" })
    .trim()
    .split("\n");
  assert.deepEqual(listed.slice(0, 3), ["A", "a/", "a/z"]);
});

test("what would not be unpacked is not packed", async (t) => {
  const { tree, tar } = await aTree(t);
  await symlink("A", join(tree, "link"));
  await assert.rejects(packDirectory(tree, tar), UsageError);
  await assert.rejects(packDirectory(tree, tar, { name: ".hidden" }), UnsafeName);
  const { tree: other } = await aTree(t);
  await writeFile(join(other, "back\\slash"), "");
  await assert.rejects(packDirectory(other, tar), UnsafeName);
});

async function aTree(t: { after(work: () => void | Promise<void>): void }) {
  const world = await temporaryDirectory(t);
  const tree = join(world, "tree");
  await mkdir(join(tree, "empty-folder"), { recursive: true });
  await mkdir(join(tree, "a"), { recursive: true });
  const long = "long-name-".repeat(12);
  await mkdir(join(tree, "long-folder-".repeat(12)));
  const names = ["A", "a/z", "ümlaut", "size-512", `${"long-folder-".repeat(12)}/${long}`];
  for (const name of names) {
    await writeFile(join(tree, name), name === "size-512" ? Buffer.alloc(512, 1) : name);
    await utimes(join(tree, name), 1_700_000_000, 1_700_000_000);
  }
  return { world, tree, tar: join(world, "package.tar") };
}
