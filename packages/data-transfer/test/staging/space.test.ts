import assert from "node:assert/strict";
import { statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, withoutMounting } from "../../../../testing/small-disk.ts";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { NotEnoughSpace } from "../../src/errors/staging.ts";
import { createSpaceBook, freeSpace } from "../../src/staging/space.ts";
import { lastFirst } from "../world/cleaning.ts";

const skip = withoutMounting();
const MiB = 1024 * 1024;

test("what is promised to one package is not there for the next, until it is written or given back", {
  skip,
}, async (t) => {
  const scope = lastFirst(t);
  const path = await temporaryDirectory(scope);
  await mountSmallDisk(scope, path, 10 * MiB);
  const book = createSpaceBook(MiB);
  const first = await book.reserve(path, 6 * MiB);
  await assert.rejects(book.reserve(path, 4 * MiB), NotEnoughSpace);
  const second = await book.reserve(path, 3 * MiB);
  assert.equal(book.reserved, 9 * MiB);

  await writeFile(join(path, "first"), Buffer.alloc(4 * MiB));
  first.written(4 * MiB);
  assert.equal(book.reserved, 5 * MiB);
  await assert.rejects(book.reserve(path, MiB), NotEnoughSpace);
  second.release();
  second.release();
  first.written(7 * MiB);
  assert.equal(book.reserved, 0, "more than was promised is not owed to anybody");
  const third = await book.reserve(path, 5 * MiB);
  await assert.rejects(book.reserve(path, 1), (error: NotEnoughSpace) => {
    assert.deepEqual(error.facts, { path, needed: 1, free: 6 * MiB, reserved: 5 * MiB, keepFree: MiB });
    return true;
  });
  third.release();
  first.release();
});

test("packages that ask at the same moment are not promised the same room", { skip }, async (t) => {
  const scope = lastFirst(t);
  const path = await temporaryDirectory(scope);
  await mountSmallDisk(scope, path, 10 * MiB);
  const book = createSpaceBook(0);
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => book.reserve(path, 4 * MiB)));
  assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 2);
});

test("the room of a place that is still to be made is that of the folder above it", async (t) => {
  const path = await temporaryDirectory(t);
  const { bsize } = await statfs(path);
  const [here, below] = [await freeSpace(path), await freeSpace(join(path, "not", "yet"))];
  assert.ok(Math.abs(here - below) < 1e9 && here % bsize === 0);
});
