import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { gnuExtract, gnuFormats, gnuSample, longPath } from "./gnu-tar.ts";
import { treeOf } from "./tree.ts";
import { unpackTar } from "./unpack-tar.ts";

for (const format of gnuFormats) {
  test(`a tar in GNU tar's format ${format} gives the same tree here and there`, async (t) => {
    const world = await temporaryDirectory(t);
    const names = ["a/", "b", "empty", "ümlaut-日本", ...(format === "ustar" ? [] : [longPath])];
    const bytes = await gnuSample(world, format, names);
    const [mine, theirs] = [join(world, "ours"), join(world, "theirs")];
    await mkdir(mine);
    await mkdir(theirs);
    const tree = await treeOf(await unpackTar(bytes, 1000, mine));
    assert.equal((await gnuExtract(bytes, theirs)).says, "");
    assert.deepEqual(tree, await treeOf(theirs));
    assert.ok(Object.keys(tree).length >= 6);
  });
}
