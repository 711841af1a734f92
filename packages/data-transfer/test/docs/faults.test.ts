import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faults, titleOf } from "../e2e/chaos/faults.ts";
import { withFaults } from "../e2e/chaos/render-faults.ts";
import { read, root } from "./project-files.ts";

test("the table of faults in docs/reliability.md is that of the tests (node scripts/write-docs.ts)", () => {
  const { text } = read("docs/reliability.md");
  assert.equal(text, withFaults(text));
});

test("every fault has a test of its own, in a file that is there", () => {
  assert.equal(new Set(faults.map(titleOf)).size, faults.length);
  for (const server of ["archive", "redis", "postgres"]) {
    assert.ok(existsSync(join(root, `packages/data-transfer/test/e2e/chaos/${server}.test.ts`)), server);
  }
  for (const server of ["archive", "Redis", "PostgreSQL"]) {
    assert.ok(faults.filter((story) => story.server === server).length >= 5, server);
  }
});
