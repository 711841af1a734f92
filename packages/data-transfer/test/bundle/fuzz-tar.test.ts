import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { foundFolder, whatIsWrong } from "./fuzz/campaign.ts";
import { testCampaign } from "./fuzz/campaign-test.ts";
import { memoryDirectory } from "./fuzz/memory-directory.ts";

test("however a tar is made, changed or cut into pieces: a coded refusal, or the tree that GNU tar makes of it", {
  timeout: 600_000,
}, async (t) => {
  await testCampaign(t, { seconds: 20, leastCases: 3000 });
});

test("what a run with hostile tars once found is right now", async (t) => {
  const world = await memoryDirectory(t);
  const files = readdirSync(foundFolder).filter((name) => name.endsWith(".base64"));
  assert.ok(files.length > 0);
  for (const name of files) {
    const [pieces = "", ...lines] = readFileSync(join(foundFolder, name), "utf8").split("\n");
    const bytes = Buffer.from(lines.join(""), "base64");
    const lengths = pieces.split(" ").slice(1).map(Number);
    assert.ok(bytes.length > 0 && lengths.length > 0, name);
    assert.equal(await whatIsWrong(world, { bytes, pieces: lengths }), undefined, name);
  }
});
