import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { categories } from "../../src/checks/check.ts";
import { checks } from "../../src/checks/checks.ts";
import { page } from "../../src/checks/render-report.ts";
import { read } from "../docs/project-files.ts";

test("every check has an id of its own that begins with its category, and is made after what it needs", () => {
  assert.ok(checks.length >= 30);
  const before = new Set<string>();
  let category = 0;
  for (const check of checks) {
    assert.match(check.id, new RegExp(`^${check.category}-[a-z]+(-[a-z]+)*$`));
    assert.ok(!before.has(check.id), check.id);
    for (const needed of check.needs)
      assert.ok(before.has(needed), `${check.id} needs ${needed}, which is not before it`);
    const at = categories.indexOf(check.category);
    assert.ok(at >= category, `${check.id} stands among those of another category`);
    category = at;
    before.add(check.id);
    for (const text of [check.statement, check.hint]) assert.doesNotMatch(text, /[.]$|\n/, check.id);
    if (before.size > 1)
      assert.ok(check.needs.length > 0, `${check.id}: where the settings cannot be used it cannot be made`);
  }
});

test("every file that holds a check is in the list", () => {
  const folder = fileURLToPath(new URL("../../src/checks", import.meta.url));
  const ids = globSync("*/*.ts", { cwd: folder }).flatMap((path) => {
    const text = readFileSync(`${folder}/${path}`, "utf8");
    return [...text.matchAll(/^ {2}id: "([^"]+)",\n {2}category: "([^"]+)",$/gm)].map(([, id, category]) => {
      assert.equal(category, dirname(path), path);
      return id!;
    });
  });
  assert.deepEqual(ids.sort(), checks.map(({ id }) => id).sort());
});

test("every check has a section in the documents, with its statement, a cause and a cure", () => {
  const sections = read(page).text.split(/^### /m).slice(1);
  assert.deepEqual(
    sections.map((section) => section.split("\n")[0]),
    checks.map(({ id }) => id),
  );
  for (const [index, section] of sections.entries()) {
    const { id, statement, severity } = checks[index]!;
    const [, said, ...rest] = section.split(/\n\n+/);
    assert.equal(
      said?.replace(/\s+/g, " "),
      `*${statement[0]!.toUpperCase()}${statement.slice(1)}.* (${severity})`,
      id,
    );
    assert.ok(rest.join(" ").split(/(?<=[.:?])\s/).length >= 2, `${id}: its section says too little`);
  }
});
