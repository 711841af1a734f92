import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFile, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { PackedManifest } from "../../src/bundle/pack.ts";
import { prepareDirectory } from "../../src/bundle/publish.ts";
import type { FileSum } from "../../src/bundle/sum-file.ts";
import { type ArchiveBytes, type UnpackOptions, unpackPackage } from "../../src/bundle/unpack.ts";
import { ChecksumMismatch } from "../../src/errors/package.ts";
import { aPackage, type PackageWorld } from "./a-package.ts";
import { anArchive, inChunks, treeOf } from "./tree.ts";

const never = new AbortController().signal;
const modes = { file: 0o640, dir: 0o750 };

for (const algorithm of ["xxh64", "sha256"]) {
  for (const known of ["all checksums", "the package's alone", "those of files alone", "none"]) {
    test(`an interrupted attempt is gone on with: ${algorithm}, the catalogue has ${known}`, async (t) => {
      const world = await aPackage(t, { algorithm, files: manyFiles() });
      const manifest = knowing(world.manifest, known);
      const first = await interrupted(world, manifest, 0.6);
      const second = await goOn(world, manifest, 2);
      assert.equal(second.refused, undefined);
      assert.ok(second.resumed > 0.4 * first.read, `${second.resumed} of ${first.read}`);
      assert.equal(second.resumed + second.read, world.bytes.length);
      assert.deepEqual(second.files, (await goOn(world, manifest, 3, { resume: false })).files);
      assert.deepEqual(second.troubles, []);
    });
  }
}

test("after many interruptions hardly a byte has been read twice", async (t) => {
  const world = await aPackage(t, { files: manyFiles(200) });
  let read = 0;
  for (let attempt = 1; attempt <= 8; attempt++) {
    const { reached, ...one } = await interrupted(world, world.manifest, attempt / 9, attempt);
    read += one.read;
    assert.ok(reached >= (attempt / 9) * world.bytes.length);
  }
  const last = await goOn(world, world.manifest, 9);
  assert.equal(last.refused, undefined);
  assert.ok(read + last.read < 1.5 * world.bytes.length, `${read + last.read} bytes of ${world.bytes.length}`);
});

test("of a large file that was being written what had been synced is not read again", async (t) => {
  const mib = 1024 * 1024;
  const world = await aPackage(t, {
    files: { "before.fits": randomBytes(5000), "large.fits": randomBytes(150 * mib) },
  });
  await interrupted(world, world.manifest, 0.97, 1, mib);
  const second = await goOn(world, world.manifest, 2);
  assert.equal(second.refused, undefined);
  assert.ok(second.resumed > 128 * mib, `${second.resumed}`);
  assert.equal(second.resumed + second.read, world.bytes.length);
});

const damages: [what: string, damage: (directory: string) => Promise<unknown>, resumes: boolean, troubles: number][] = [
  ["a byte of a file has changed", (directory) => flip(join(directory, "tree/folder-2/file-11"), 100), false, 1],
  ["a file is gone", (directory) => rm(join(directory, "tree/folder-2/file-11")), true, 0],
  ["a file is shorter", (directory) => truncate(join(directory, "tree/folder-2/file-11"), 10), true, 0],
  ["the tree is gone", (directory) => rm(join(directory, "tree"), { recursive: true }), false, 1],
  ["the journal has lost its end", (directory) => cut(join(directory, "journal"), 20), true, 0],
  ["the journal has a damaged byte", (directory) => flip(join(directory, "journal"), 400), false, 0],
  ["the journal goes on with zeroes", (directory) => appendFile(join(directory, "journal"), Buffer.alloc(99)), true, 0],
  ["the journal goes on with noise", (directory) => appendFile(join(directory, "journal"), randomBytes(99)), true, 0],
  ["the journal is empty", (directory) => writeFile(join(directory, "journal"), ""), false, 0],
  ["the journal is gone", (directory) => rm(join(directory, "journal")), false, 0],
  ["there is a file of which the journal knows nothing", (d) => writeFile(join(d, "tree/stranger"), ""), true, 0],
];

for (const [what, damage, resumes, troubles] of damages) {
  test(`whatever has happened to what was left, the package is right in the end: ${what}`, async (t) => {
    const world = await aPackage(t, { files: manyFiles() });
    await interrupted(world, world.manifest, 0.5);
    await interrupted(world, world.manifest, 0.8, 2);
    await damage(join(world.staged, ".staging-1-2"));
    const next = await goOn(world, world.manifest, 3);
    assert.equal(next.refused, undefined);
    assert.equal(next.read === world.bytes.length, !resumes, `${next.read} read`);
    assert.equal(next.troubles.length, troubles, String(next.troubles));
  });
}

test("what was read from another version, or for another checksum, is of no use", async (t) => {
  const world = await aPackage(t, { files: manyFiles() });
  const other = { ...anArchive(world.bytes, 10_000), etag: "2" };
  await interrupted(world, world.manifest, 0.5);
  assert.equal((await goOn(world, world.manifest, 2, { source: other })).read, world.bytes.length);

  await interrupted(world, knowing(world.manifest, "none"), 0.5, 3);
  assert.equal((await goOn(world, world.manifest, 4)).read, world.bytes.length);
});

test("an archive that goes on with other bytes is found out by its own checksum", async (t) => {
  const world = await aPackage(t, { files: manyFiles() });
  const manifest = knowing(world.manifest, "the package's alone");
  await interrupted(world, manifest, 0.5);
  const changed = Buffer.from(world.bytes);
  changed[changed.length - 20_000]! ^= 1;
  const { refused } = await goOn(world, manifest, 2, { source: anArchive(changed, 10_000) });
  assert.ok(refused instanceof ChecksumMismatch, String(refused));
});

/** Reads a part of the package, and then its source breaks for good. */
async function interrupted(world: PackageWorld, manifest: PackedManifest, part: number, attempt = 1, chunk = 10_000) {
  let read = 0;
  let reached = 0;
  const source: ArchiveBytes = {
    ...anArchive(world.bytes, chunk),
    async *read(start) {
      reached = start;
      for await (const bytes of inChunks(world.bytes.subarray(start), chunk)) {
        if (reached >= part * world.bytes.length) throw new Error("interrupted");
        read += bytes.length;
        reached += bytes.length;
        yield bytes;
      }
    },
  };
  const directory = await prepareDirectory(world.staged, 1, attempt);
  await assert.rejects(unpackPackage({ source, manifest, directory, modes, signal: never }), /interrupted/);
  return { read, reached };
}

/** Another attempt, to the end. */
async function goOn(world: PackageWorld, manifest: PackedManifest, attempt: number, more: Partial<UnpackOptions> = {}) {
  const directory = await prepareDirectory(world.staged, 1, attempt);
  const files: FileSum[] = [];
  const troubles: unknown[] = [];
  let read = 0;
  let resumed = 0;
  const archive = more.source ?? anArchive(world.bytes, 10_000);
  const source: ArchiveBytes = {
    ...archive,
    async *read(start, signal) {
      for await (const bytes of archive.read(start, signal)) {
        read += bytes.length;
        yield bytes;
      }
    },
  };
  const refused = await unpackPackage({
    ...{ manifest, directory, modes, signal: never },
    onFile: (sum) => files.push(sum),
    onResumed: (bytes) => {
      resumed = bytes;
    },
    onTrouble: (error) => troubles.push(error),
    ...more,
    source,
  }).then(
    () => undefined,
    (error: Error) => error,
  );
  if (refused === undefined) await assertTree(directory, world);
  return { refused, files, troubles, read, resumed };
}

async function assertTree(directory: string, { files }: PackageWorld): Promise<void> {
  const found = Object.entries(await treeOf(join(directory, "tree"))).filter(([, what]) => what !== "directory");
  // What the journal did not know and the package does not name is nobody's, and must not become visible either.
  assert.deepEqual(found.map(([path]) => path).sort(), Object.keys(files).sort());
  for (const [path, bytes] of Object.entries(files)) {
    assert.ok((await readFile(join(directory, "tree", path))).equals(bytes), path);
  }
  assert.ok((await readdir(directory)).every((name) => ["tree", "journal"].includes(name)));
}

function knowing({ package: one, files }: PackedManifest, known: string): PackedManifest {
  const ofPackage = known === "all checksums" || known === "the package's alone";
  const ofFiles = known === "all checksums" || known === "those of files alone";
  return {
    package: { ...one, checksums: ofPackage ? one.checksums : [] },
    files: files.map((file) => ({ ...file, checksums: ofFiles ? file.checksums : [] })),
  };
}

/** Small ones, larger ones, empty ones, in folders. */
function manyFiles(count = 40): Record<string, Buffer> {
  const sizes = [0, 1, 511, 512, 3000, 40_000, 300_000];
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`folder-${n % 3}/file-${n}`, randomBytes(sizes[n % 7] as number)]),
  );
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, at);
  await file.close();
}

async function cut(path: string, bytes: number): Promise<void> {
  const { length } = await readFile(path);
  await truncate(path, length - bytes);
}
