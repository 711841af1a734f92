import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { renderApi } from "../../scripts/docs/api.ts";
import { renderCommands } from "../../scripts/docs/commands.ts";
import { renderSettings, withSettings } from "../../scripts/docs/settings-tables.ts";

const home = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFile(join(home, path), "utf8");
const help = "node packages/celery/scripts/write-docs.ts   # writes them anew";

test("the tables of settings in README.md and docs/settings.md are those of the program", async () => {
  const readme = await read("README.md");
  assert.equal(withSettings(readme), readme, help);
  assert.equal(await read("docs/settings.md"), renderSettings(), help);
});

test("docs/commands.md is what the program's help says", async () => {
  assert.equal(await read("docs/commands.md"), renderCommands(), help);
});

test("docs/api.md is what the sources say", async () => {
  assert.equal(await read("docs/api.md"), renderApi(), help);
});
