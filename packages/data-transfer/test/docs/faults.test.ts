import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { FaultRow } from "../e2e/chaos/fault-row.ts";
import { faults } from "../e2e/chaos/faults.ts";
import { readMeasured } from "../e2e/chaos/measured.ts";
import { networkFaults } from "../e2e/chaos/network-faults.ts";
import { withFaults } from "../e2e/chaos/render-faults.ts";
import { read, root } from "./project-files.ts";

const document = "docs/reliability.md";

test("the table of faults in docs/reliability.md is that of the tests (node scripts/write-docs.ts)", () => {
  const { text } = read(document);
  assert.equal(text, withFaults(text));
  const [first, ...rest] = faults;
  for (const other of [rest, [{ ...first!, answer: "another one" }, ...rest]]) {
    assert.notEqual(text, withFaults(text, other), "a row that has changed is noticed");
  }
});

test("every row of the table has a test under its name, which says how long it took", () => {
  assert.equal(new Set(faults.map(({ title }) => title)).size, faults.length, "no two rows have one name");
  assert.deepEqual(
    faults.flatMap((row) => whatIsMissing(row) ?? []),
    [],
  );
  assert.ok(faults.every(({ answer, lost, shipped }) => answer !== "" && lost !== "" && shipped !== ""));
});

test("a row whose test is gone, is called otherwise, or is not run, is noticed", () => {
  const [network] = networkFaults;
  const own = faults.find((row) => !(networkFaults as readonly FaultRow[]).includes(row))!;
  assert.equal(whatIsMissing({ ...own, file: "e2e/chaos/gone.test.ts" }), "there is no e2e/chaos/gone.test.ts");
  const title = `${own.title} again`;
  assert.equal(whatIsMissing({ ...own, title }), `${own.file} has no test "${title}"`);
  assert.equal(
    whatIsMissing({ ...network!, file: own.file }),
    `${own.file} does not tell stories of ${network!.server}`,
  );
});

test("every time that is shown has a row", () => {
  const { seconds, when } = readMeasured();
  assert.match(when, /^20\d\d-\d\d-\d\d: \d+ cores/);
  assert.deepEqual(
    Object.keys(seconds).filter((title) => !faults.some((row) => row.title === title)),
    [],
  );
});

/** Why a row leads to no test, in words. Those of the network are made from their rows, in the file of their server. */
function whatIsMissing(row: FaultRow): string | undefined {
  const { file, title } = row;
  const path = `packages/data-transfer/test/${file}`;
  if (!existsSync(join(root, path))) return `there is no ${file}`;
  const { text } = read(path);
  if ("server" in row) {
    return text.includes(`await tellStories("${row.server}"`)
      ? undefined
      : `${file} does not tell stories of ${row.server}`;
  }
  return text.includes(`test("${title}", `) ? undefined : `${file} has no test "${title}"`;
}
