import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { tables } from "../../src/settings/definition.ts";
import { renderSettingsDocs } from "../../src/settings/render-docs.ts";

test("docs/settings.md says what the definition says (else: node scripts/write-docs.ts)", () => {
  const committed = readFileSync(new URL("../../../../docs/settings.md", import.meta.url), "utf8");
  assert.equal(committed, renderSettingsDocs());
});

test("every built-in value fits its own setting, and every setting is explained", () => {
  for (const [name, table] of Object.entries(tables)) {
    for (const [key, setting] of Object.entries(table)) {
      assert.ok(setting.description.length > 5, `${name}.${key} has no description`);
      if (setting.required) continue;
      const parsed = setting.schema.safeParse(setting.fallback);
      assert.ok(parsed.success, `${name}.${key}: ${JSON.stringify(setting.fallback)} is not ${setting.expected}`);
    }
  }
});
