import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { prepareDirectory } from "../../src/bundle/publish.ts";
import { removeTree } from "../../src/bundle/remove-tree.ts";
import { unpackPackage } from "../../src/bundle/unpack.ts";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { hostileTars } from "./hostile-tars.ts";
import { lenientManifest } from "./lenient-manifest.ts";
import { inChunks } from "./tree.ts";

const signal = new AbortController().signal;
const modes = { file: 0o640, dir: 0o750 };

for (const { what, bytes, code, rule } of hostileTars) {
  test(`refused: ${what}`, async (t) => {
    const world = await temporaryDirectory(t);
    const parent = join(world, "location/staged");
    await mkdir(parent, { recursive: true });
    const manifest = lenientManifest(bytes);
    for (const chunk of [1, 511, 64 * 1024]) {
      if (chunk === 1 && bytes.length > 100_000) continue;
      const into = await prepareDirectory(parent, 1, 1);
      const unpacked = unpackPackage({ source: inChunks(bytes, chunk), manifest, into, modes, signal });
      await assert.rejects(unpacked, (error) => {
        assert.ok(error instanceof DataTransferError, String(error));
        assert.equal(error.code, code, error.message);
        assert.equal(error.kind, "integrity");
        assert.equal(error.facts.rule, rule);
        assert.ok(typeof error.facts.offset === "number" && error.facts.offset <= bytes.length, "no offset");
        assert.match(error.message, /^[\x20-\x7e]+$/, "its sentence is not printable");
        assert.ok(error.message.length < 1000);
        return true;
      });
      await removeTree(into);
      assert.deepEqual(await readdir(parent), []);
      assert.deepEqual(await readdir(world), ["location"]);
    }
  });
}

test("there are at least 60 hostile tars, no two alike", () => {
  assert.ok(hostileTars.length >= 60, `${hostileTars.length}`);
  assert.equal(new Set(hostileTars.map(({ what }) => what)).size, hostileTars.length);
  assert.equal(new Set(hostileTars.map(({ bytes }) => bytes.toString("base64"))).size, hostileTars.length);
});
