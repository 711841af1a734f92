import assert from "node:assert/strict";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { file } from "../bundle/tar-forge.ts";
import { run } from "./world.ts";

const count = 100_000;

test("a package of 100,000 files is listed, unpacked, and found again as it was", async (t) => {
  const world = await temporaryDirectory(t);
  const [tar, manifest, dest] = [join(world, "p.tar"), join(world, "m.json"), join(world, "parent/dest")];
  await mkdir(join(world, "parent"));
  await writeTar(tar);
  const listed = await run(t, ["package", "manifest", tar]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.equal(listed.stdout.split("\n").length, count + 3);
  await writeFile(manifest, listed.stdout);
  const unpacked = await run(t, ["package", "unpack", tar, dest, "--manifest", manifest, "--output", "json"]);
  assert.equal(unpacked.code, 0, unpacked.stderr);
  assert.equal((JSON.parse(unpacked.stdout) as { files: number }).files, count);
  const again = await run(t, ["package", "manifest", dest]);
  const files = (text: string) => text.slice(text.indexOf('"files"'));
  assert.ok(files(again.stdout) === files(listed.stdout), "the tree has other files than the tar");
  assert.deepEqual(await readdir(join(world, "parent")), ["dest"]);
});

/** In no order, in a hundred folders. */
async function writeTar(path: string): Promise<void> {
  const out = createWriteStream(path);
  for (let first = 0; first < count; first += 1000) {
    const files = Array.from({ length: 1000 }, (_, index) => {
      const number = ((first + index) * 7919) % count;
      return file(`folder-${number % 100}/file-${number}.fits`, `the bytes of ${number}`);
    });
    if (!out.write(Buffer.concat(files))) await once(out, "drain");
  }
  out.end(Buffer.alloc(1024));
  await once(out, "finish");
}
