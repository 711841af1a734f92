import assert from "node:assert/strict";
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../../../../testing/as-nobody.ts";
import type { PackedManifest } from "../../src/bundle/pack.ts";
import { prepareDirectory } from "../../src/bundle/publish.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import type { FileSum } from "../../src/bundle/sum-file.ts";
import { type Unpacked, unpackPackage } from "../../src/bundle/unpack.ts";
import { DestinationNotWritable, TakenOver } from "../../src/errors/destination.ts";
import {
  ChecksumMismatch,
  ExtraFile,
  ManifestInvalid,
  MissingFile,
  PackageTooLong,
  PackageTooShort,
  UnknownAlgorithm,
  UnsafeName,
  WrongSize,
} from "../../src/errors/package.ts";
import { diskStorage } from "../../src/storage/disk.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import { withStallLimit } from "../../src/storage/with-stall-limit.ts";
import { endsEarly, failsOnce, flipsOneBit, neverAnswers } from "../storage/faulty-storage.ts";
import { aPackage, type PackageWorld } from "./a-package.ts";
import { sha256 } from "./lenient-manifest.ts";
import { anArchive, inChunks, treeOf } from "./tree.ts";

const never = new AbortController().signal;
const modes = { file: 0o640, dir: 0o750 };

for (const algorithm of ["xxh64", "sha256"]) {
  test(`a package with ${algorithm} is unpacked as it was packed, with the modes of the settings`, async (t) => {
    const world = await aPackage(t, { algorithm });
    const into = await prepareDirectory(world.staged, 7, 1);
    const told: number[] = [];
    const source = anArchive(world.bytes, 64 * 1024);
    const files: FileSum[] = [];
    const umask = process.umask(0o077);
    t.after(() => void process.umask(umask));
    const unpacked = await unpackPackage({
      ...{ source, manifest: world.manifest, directory: into, modes, signal: never },
      onFile: (sum) => files.push(sum),
      onBytes: (bytes) => told.push(bytes),
    });
    assert.equal(unpacked.bytes, world.bytes.length);
    assert.equal(unpacked.sumAlgorithm, algorithm);
    assert.deepEqual(unpacked.archiveChecksums, world.manifest.package.checksums);
    assert.deepEqual(
      files.map(({ path, digest }) => [path, digest]),
      world.manifest.files.map(({ path, checksums }) => [path, checksums[0]?.digest]),
    );
    await assertTree(unpacked.tree, world);
    for (const path of await readdir(unpacked.tree, { recursive: true })) {
      const { mode } = await lstat(join(unpacked.tree, path));
      assert.equal(mode & 0o7777, (mode & 0o170000) === 0o040000 ? modes.dir : modes.file, path);
    }
    assert.equal(told.at(-1), world.bytes.length);
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a - b),
    );
  });
}

test("files without a checksum in the catalogue are hashed all the same, for the list beside the package", async (t) => {
  const world = await aPackage(t);
  const bare: PackedManifest = {
    package: { name: "package", size: world.bytes.length, checksums: [] },
    files: world.manifest.files.map(({ path, size }) => ({ path, size, checksums: [] })),
  };
  const { unpacked, refused, files } = await unpack(world, { manifest: bare });
  assert.equal(refused, undefined);
  assert.deepEqual(
    files.map(({ digest }) => digest),
    world.manifest.files.map(({ checksums }) => checksums[0]?.digest),
  );
  assert.deepEqual(unpacked?.archiveChecksums, world.manifest.package.checksums);
});

test("a catalogue with several algorithms is obeyed file by file", async (t) => {
  const world = await aPackage(t);
  const files = world.manifest.files.map((file, n) =>
    n % 2 === 0
      ? file
      : { ...file, checksums: [{ algorithm: "sha256", digest: sha256(world.files[file.path] as Buffer) }] },
  );
  const manifest = { ...world.manifest, files };
  const { unpacked, refused } = await unpack(world, { manifest });
  assert.equal(refused, undefined);
  assert.equal(unpacked?.sumAlgorithm, "xxh64");

  const wrong = files.map((file, n) =>
    n === 1 ? { ...file, checksums: [{ algorithm: "sha256", digest: sha256(Buffer.from("x")) }] } : file,
  );
  assert.ok((await unpack(world, { manifest: { ...manifest, files: wrong } })).refused instanceof ChecksumMismatch);
});

test("every way in which package and catalogue can differ has its own refusal, and its evidence", async (t) => {
  const world = await aPackage(t);
  const { manifest } = world;
  const [first, ...others] = manifest.files as [PackedManifest["files"][0], ...PackedManifest["files"]];
  const checksum = { algorithm: "xxh64", digest: "0123456789abcdef" };
  const size = manifest.package.size;
  const cases: [PackedManifest, new (...args: never[]) => Error, RegExp][] = [
    [{ ...manifest, files: others }, ExtraFile, new RegExp(first.path)],
    [{ ...manifest, files: [...manifest.files, { path: "more", size: 1, checksums: [] }] }, MissingFile, /lacks more/],
    [{ ...manifest, files: [{ ...first, size: first.size + 1 }, ...others] }, WrongSize, new RegExp(first.path)],
    [{ ...manifest, files: [{ ...first, checksums: [checksum] }, ...others] }, ChecksumMismatch, /0123456789abcdef/],
    [{ ...manifest, package: { ...manifest.package, checksums: [checksum] } }, ChecksumMismatch, /^package has xxh64/],
    [{ ...manifest, package: { ...manifest.package, size: size + 512 } }, PackageTooShort, /ended after/],
    [{ ...manifest, package: { ...manifest.package, size: size - 512 } }, PackageTooLong, /goes on after/],
    [
      { ...manifest, package: { ...manifest.package, checksums: [{ algorithm: "md5", digest: "00" }] } },
      UnknownAlgorithm,
      /md5/,
    ],
    [
      { ...manifest, files: [{ ...first, checksums: [{ algorithm: "crc32", digest: "00" }] }, ...others] },
      UnknownAlgorithm,
      /crc32/,
    ],
    [
      { ...manifest, files: [{ ...first, checksums: [{ ...checksum, digest: "XYZ" }] }, ...others] },
      ManifestInvalid,
      /hex/,
    ],
    [{ ...manifest, files: [{ path: "../up", size: 1, checksums: [] }, ...others] }, ManifestInvalid, /"\.\."/],
    [{ ...manifest, files: [first, first, ...others] }, ManifestInvalid, /twice/],
    [{ ...manifest, files: [{ ...first, size: -1 }, ...others] }, ManifestInvalid, /size/],
    [{ ...manifest, package: { ...manifest.package, name: "../package" } }, UnsafeName, /package/],
  ];
  for (const [changed, refusal, sentence] of cases) {
    const { refused } = await unpack(world, { manifest: changed });
    assert.ok(refused instanceof refusal, `${refusal.name}: ${refused}`);
    assert.match(refused.message, sentence);
  }
});

test("a flipped bit is found wherever it is", async (t) => {
  const world = await aPackage(t);
  const { length } = world.bytes;
  const places = [0, 100, 511, 512, 5000, Math.floor(length / 2), length - 1024, length - 1];
  for (const place of places) {
    const { refused } = await unpack(world, { through: (disk) => flipsOneBit(place, disk) });
    assert.ok(
      refused !== undefined && "kind" in refused && refused.kind === "integrity",
      `bit in byte ${place}: ${refused}`,
    );
  }
});

test("a source that ends early is found, wherever it ends", async (t) => {
  const world = await aPackage(t);
  for (const place of [0, 1, 512, 5000, world.bytes.length - 1]) {
    const { refused } = await unpack(world, { through: (disk) => endsEarly(place, disk) });
    assert.ok(refused instanceof PackageTooShort, `${refused}`);
  }
});

test("a source that breaks, and one that falls silent, are read on behind a retry, and nothing is lost or doubled", async (t) => {
  const world = await aPackage(t);
  const retry = { attempts: 3, firstDelay: 1, maxDelay: 2 };
  const breaks = (disk: Storage) => withRetry(retry, failsOnce([0, 513, 70_000, 5_000_000, 9_000_000], disk));
  assert.equal((await unpack(world, { through: breaks })).refused, undefined);

  let reads = 0;
  const silentOnce = (disk: Storage): Storage => {
    const silent = neverAnswers(5_000_000, disk);
    return { ...disk, read: (...args) => (reads++ === 0 ? silent : disk).read(...args) };
  };
  const through = (disk: Storage) => withRetry(retry, withStallLimit(0.2, silentOnce(disk)));
  assert.equal((await unpack(world, { through })).refused, undefined);
  assert.equal(reads, 2);
});

test("called off in the middle, it ends with the reason it was given and leaves nothing at work", async (t) => {
  const world = await aPackage(t);
  const reason = new Error("called off");
  for (const after of [0, 1000, 9_000_000]) {
    const stop = new AbortController();
    const into = await prepareDirectory(world.staged, 1, 1);
    const onBytes = (bytes: number) => bytes >= after && stop.abort(reason);
    const source = anArchive(world.bytes, 1000);
    const options = { source, manifest: world.manifest, directory: into, modes, signal: stop.signal, onBytes };
    const unpacked = unpackPackage(options);
    await assert.rejects(unpacked, (error) => error === reason);
    await removeTree(into);
    assert.deepEqual(await readdir(world.staged), []);
  }
});

test("a private directory that a successor took away is noticed, and the successor's own is left alone", async (t) => {
  const world = await aPackage(t);
  const into = await prepareDirectory(world.staged, 1, 1);
  let successor = "";
  const source = {
    ...anArchive(world.bytes, 100_000),
    async *read() {
      for await (const chunk of inChunks(world.bytes, 100_000)) {
        yield chunk;
        successor ||= await prepareDirectory(world.staged, 1, 2);
      }
    },
  };
  const unpacked = unpackPackage({ source, manifest: world.manifest, directory: into, modes, signal: never });
  await assert.rejects(unpacked, TakenOver);
  assert.deepEqual(await readdir(world.staged), [".staging-1-2"]);
  assert.deepEqual((await readdir(successor)).sort(), ["journal", "tree"]);
});

test("what lies in the directory without a journal is removed, not merged", async (t) => {
  const world = await aPackage(t);
  const into = await prepareDirectory(world.staged, 1, 1);
  await mkdir(join(into, "tree/one-byte"), { recursive: true });
  await writeFile(join(into, "tree/stranger"), "of nobody knows whom");
  const source = anArchive(world.bytes, 1000);
  const { tree } = await unpackPackage({ source, manifest: world.manifest, directory: into, modes, signal: never });
  await assertTree(tree, world);
});

test("a destination without the right to write there waits for a person", async (t) => {
  const world = await aPackage(t);
  const into = await prepareDirectory(world.staged, 1, 1);
  for (const directory of [join(world.staged, "../.."), join(world.staged, ".."), world.staged, into])
    await chmod(directory, 0o755);
  const options = {
    source: anArchive(world.bytes, 1000),
    manifest: world.manifest,
    directory: into,
    modes,
    signal: never,
  };
  await asNobody(() => assert.rejects(unpackPackage(options), DestinationNotWritable));
});

/** Unpacks from a disk through whatever is put around it, asserts the tree where that succeeds, and clears away. */
async function unpack(
  world: PackageWorld,
  {
    manifest = world.manifest,
    through = (disk) => disk,
  }: { manifest?: PackedManifest; through?: (disk: Storage) => Storage },
): Promise<{ unpacked?: Unpacked; refused?: Error; files: FileSum[] }> {
  const files: FileSum[] = [];
  const archive = through(diskStorage({ root: join(world.tarPath, ".."), chunkSize: 100_000 }));
  const stat = () => archive.stat("package.tar", never);
  const pin = await stat().catch(stat);
  const into = await prepareDirectory(world.staged, 1, 1);
  const read = (start: number) => archive.read("package.tar", { start }, pin, never);
  try {
    const source = { name: archive.name, ...pin, read };
    const onFile = (sum: FileSum) => files.push(sum);
    const unpacked = await unpackPackage({ source, manifest, directory: into, modes, signal: never, onFile });
    await assertTree(unpacked.tree, world);
    return { unpacked, files };
  } catch (error) {
    return { refused: error as Error, files };
  } finally {
    await removeTree(into);
    assert.deepEqual(await readdir(world.staged), []);
  }
}

async function assertTree(directory: string, { files }: PackageWorld): Promise<void> {
  const found = Object.entries(await treeOf(directory)).filter(([, what]) => what !== "directory");
  assert.deepEqual(
    found.map(([path]) => path),
    Object.keys(files).sort(),
  );
  for (const [path] of found) assert.ok((await readFile(join(directory, path))).equals(files[path] as Buffer), path);
}
