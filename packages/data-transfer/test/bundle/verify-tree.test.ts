import assert from "node:assert/strict";
import { appendFile, mkdir, rename, rm, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { prepareDirectory, publish } from "../../src/bundle/publish.ts";
import type { FileSum } from "../../src/bundle/sum-file.ts";
import { unpackPackage } from "../../src/bundle/unpack.ts";
import { verifyTree } from "../../src/bundle/verify-tree.ts";
import { aPackage } from "./a-package.ts";
import { anArchive } from "./tree.ts";

const signal = new AbortController().signal;
const modes = { file: 0o640, dir: 0o750 };

test("a published package is found intact, with the sums that it was unpacked with", async (t) => {
  const { target, manifest, files } = await published(t);
  const found: FileSum[] = [];
  const report = await verifyTree(target, manifest, { signal, onFile: (sum) => found.push(sum) });
  assert.equal(report.intact, true);
  assert.deepEqual(report.differences, []);
  assert.equal(report.withoutChecksum, 0);
  assert.equal(
    report.bytes,
    manifest.files.reduce((sum, { size }) => sum + size, 0),
  );
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
  assert.deepEqual(found.toSorted(byPath), files.toSorted(byPath));
  assert.equal(report.files, files.length);
});

test("every way in which a tree can have suffered is told, all in one report", async (t) => {
  const { target, manifest } = await published(t);
  await unlink(join(target, "one-byte"));
  await appendFile(join(target, "empty.fits"), "no longer");
  await truncate(join(target, "a/deeper/large.fits"), 1000);
  await writeFile(join(target, "a/block"), Buffer.alloc(512, 1));
  await writeFile(join(target, "a/stranger"), "was never there");
  await rename(join(target, "a/deeper/small.fits"), join(target, "moved"));
  await symlink(join(target, "moved"), join(target, "a/deeper/small.fits"));
  const report = await verifyTree(target, manifest, { signal });
  assert.equal(report.intact, false);
  assert.deepEqual(report.differences.map(({ kind, path }) => `${kind} ${path}`).sort(), [
    "checksum a/block",
    "extra a/stranger",
    "extra moved",
    "missing a/deeper/small.fits",
    "missing one-byte",
    "not-a-file a/deeper/small.fits",
    "size a/deeper/large.fits",
    "size empty.fits",
  ]);
  assert.equal(report.differenceCount, 8);
  assert.equal(report.files, 1);
});

test("a link in place of a folder is not followed, though what it leads to would be right", async (t) => {
  const { target, manifest } = await published(t);
  await rename(join(target, "a"), `${target}-a`);
  await symlink(`${target}-a`, join(target, "a"));
  const report = await verifyTree(target, manifest, { signal });
  assert.deepEqual(
    report.differences.map(({ kind }) => kind),
    ["not-a-file", "missing", "missing", "missing"],
  );
});

test("what the catalogue has no checksum for is said to be compared by its size alone", async (t) => {
  const { target, manifest } = await published(t);
  const files = manifest.files.map((file) => (file.path === "a/block" ? { ...file, checksums: [] } : file));
  const report = await verifyTree(target, { ...manifest, files }, { signal });
  assert.equal(report.intact, true);
  assert.equal(report.withoutChecksum, 1);
  assert.equal(report.files, files.length);
});

test("thousands of differences are counted, and the first of them told", async (t) => {
  const { target, manifest } = await published(t);
  await rm(target, { recursive: true });
  await mkdir(target);
  for (let n = 0; n < 150; n++) await writeFile(join(target, `extra-${n}`), "");
  const report = await verifyTree(target, manifest, { signal });
  assert.equal(report.differenceCount, 150 + manifest.files.length);
  assert.equal(report.differences.length, 100);
});

test("it can be called off, and tells how far it is", async (t) => {
  const { target, manifest } = await published(t);
  const stop = new AbortController();
  const reason = new Error("called off");
  const told: number[] = [];
  const onBytes = (bytes: number) => {
    told.push(bytes);
    if (bytes > 1_000_000) stop.abort(reason);
  };
  await assert.rejects(verifyTree(target, manifest, { signal: stop.signal, onBytes }), (error) => error === reason);
  assert.ok((told.at(-1) ?? 0) > 1_000_000 && (told.at(-1) ?? 0) < 4_000_000);
});

async function published(t: Parameters<typeof aPackage>[0]) {
  const { bytes, manifest, staged } = await aPackage(t);
  const into = await prepareDirectory(staged, 1, 1);
  const files: FileSum[] = [];
  const onFile = (sum: FileSum) => files.push(sum);
  const source = anArchive(bytes, 65_536);
  const { tree, directories } = await unpackPackage({ source, manifest, directory: into, modes, signal, onFile });
  const target = join(staged, "package");
  await publish(tree, directories, target, modes);
  return { target, manifest, files };
}
