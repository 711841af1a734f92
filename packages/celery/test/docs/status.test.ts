import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { statusPoints } from "../../docs/status-points/index.ts";
import type { TestReference } from "../../docs/status-points/status-point.ts";
import { missingTest, renderStatus } from "../../scripts/docs/status.ts";

const home = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFile(join(home, path), "utf8");

test("every promise of docs/status.md names tests that there are", () => {
  assert.equal(statusPoints.length, 13);
  const promises = statusPoints.flatMap((point) => point.promises);
  assert.ok(promises.length > 80);
  const untested = promises.filter(({ tests }) => tests.length === 0).map(({ promise }) => promise);
  assert.deepEqual(untested, []);
  const missing = promises.flatMap(({ tests }) => tests.map((reference) => missingTest(reference)));
  assert.deepEqual(
    missing.filter((why) => why !== undefined),
    [],
  );
});

test("docs/status.md is written from what it is made of", async () => {
  assert.equal(await read("docs/status.md"), renderStatus(statusPoints), "node packages/celery/scripts/write-docs.ts");
});

test("a promise with a test that is gone, or that nobody runs, is noticed", () => {
  const own = "test/docs/status.test.ts";
  assert.equal(missingTest([own, "every promise of docs/status.md names tests that there are"]), undefined);
  const wrong = ["every", "promise"].join(" ");
  assert.equal(missingTest([own, wrong]), `${own} has no test "${wrong}"`);
  assert.equal(missingTest(["test/docs/gone.test.ts", "any"]), "there is no test/docs/gone.test.ts");
});

test("every difference and every case of what happens when ... names a test that there is", async () => {
  for (const document of ["docs/differences.md", "docs/what-happens-when.md"]) {
    const text = await read(document);
    const sections = text.split(/^## /m).slice(1);
    assert.ok(sections.length > 10, document);
    for (const section of sections) {
      const references = [...section.matchAll(/\]\(\.\.\/(test\/[^)]+\.ts)\): (.+)$/gm)];
      const heading = section.split("\n")[0];
      assert.ok(references.length > 0, `${document}: "${heading}" names no test`);
      for (const [, file, title] of references) {
        assert.equal(missingTest([file, title] as unknown as TestReference), undefined, `${document}: ${heading}`);
      }
    }
  }
});
