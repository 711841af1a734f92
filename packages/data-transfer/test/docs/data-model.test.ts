import assert from "node:assert/strict";
import { test } from "node:test";
import { itemTransitions } from "../../src/model/item-transitions.ts";
import { itemStatesMarkers, renderItemStates, withItemStates } from "../../src/model/render-docs.ts";
import { itemReasons, statuses } from "../../src/model/status.ts";
import { ownTables } from "../../src/opsdb/migrate.ts";
import { read } from "./project-files.ts";

const page = read("docs/data-model.md").text;

test("the picture of an item's states is that of the transition table (else: node scripts/write-docs.ts)", () => {
  assert.equal(page, withItemStates(page));
});

test("the picture has every state and every move, once", () => {
  const picture = renderItemStates();
  for (const status of statuses) assert.match(picture, new RegExp(`^  ${status} -->|--> ${status}(:|$)`, "m"));
  for (const { from, to } of itemTransitions) {
    assert.equal(picture.split(`\n  ${from} --> ${to}: `).length, 2, `${from} --> ${to}`);
  }
});

test("a page without a place for the picture is not written", () => {
  assert.throws(() => withItemStates(page.replace(itemStatesMarkers.end, "")), RangeError);
});

test("every table of the schema and every reason is explained, and none that does not exist", () => {
  const inRows = (heading: string) => {
    const section = page.split(new RegExp(`^## ${heading}$`, "m"))[1]?.split(/^## /m)[0] ?? "";
    return [...section.matchAll(/^\| ([^|]+) \|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
  };
  assert.deepEqual(inRows("Tables").sort(), [...ownTables].sort());
  assert.deepEqual(inRows("Reasons").sort(), [...itemReasons].sort());
});
