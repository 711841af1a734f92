import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { test } from "node:test";
import { extract } from "tar-stream";
import { temporaryDirectory } from "../../../../testing/temporary-directory.ts";
import { sampleObservations } from "../../src/demo/sample-observations.ts";
import { makeSamplePackages } from "../../src/demo/sample-packages.ts";

test("the sample is the same whenever it is made: every time in it is the observation's", async (t) => {
  const folder = await temporaryDirectory(t);
  const made = await makeSamplePackages(folder, new AbortController().signal);
  assert.equal(made.length, sampleObservations.length);
  for (const [index, { tar, manifest }] of made.entries()) {
    assert.match(manifest.package.name, /^sample_/);
    const entries = createReadStream(tar).pipe(extract());
    let looked = 0;
    for await (const entry of entries) {
      assert.equal(entry.header.mtime?.getTime(), Date.parse(sampleObservations[index]!.start), entry.header.name);
      looked++;
      entry.resume();
    }
    assert.equal(looked, 5);
  }
  const [again] = await makeSamplePackages(await temporaryDirectory(t), new AbortController().signal);
  assert.deepEqual(again?.manifest, made[0]?.manifest);
});
