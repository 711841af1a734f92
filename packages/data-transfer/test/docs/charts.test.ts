import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "js-yaml";
import { olderKeysFile, readmeFile, type Schema, schemaFile } from "../../../../scripts/chart/files.ts";
import {
  localReadmeFile,
  localSchema,
  localSchemaFile,
  localValuesFile,
  ownValues,
  readProductionValues,
  withProductionValues,
} from "../../../../scripts/chart/local-chart.ts";
import { readOlderKeys } from "../../../../scripts/chart/values-schema.ts";
import { valuePaths, withValuesTable } from "../../../../scripts/chart/values-table.ts";
import { currentSchema, readSchema } from "../../../../scripts/chart/write-charts.ts";
import { read } from "./project-files.ts";

const help = "node scripts/write-docs.ts   # writes it anew";

test("the charts' schemas, the local values and the README's table are those that the sources say", () => {
  assert.deepEqual(readSchema(schemaFile), currentSchema(), help);
  assert.deepEqual(readSchema(localSchemaFile), localSchema(currentSchema()), help);
  const local = readFileSync(localValuesFile, "utf8");
  assert.equal(local, withProductionValues(local, readProductionValues()), help);
  const readme = readFileSync(readmeFile, "utf8");
  assert.equal(readme, withValuesTable(readme, currentSchema()), help);
  const localReadme = readFileSync(localReadmeFile, "utf8");
  assert.equal(localReadme, withValuesTable(localReadme, { properties: ownValues }), help);
});

test("the schema's defaults are the values of values.yaml", () => {
  assert.deepEqual(defaultsOf(currentSchema()), readProductionValues());
  const { host, servers } = load(readFileSync(localValuesFile, "utf8")) as Record<string, unknown>;
  assert.deepEqual(defaultsOf({ properties: ownValues }), { host, servers });
});

for (const [section, schema] of [
  ["Values, and why", currentSchema()],
  ["The local chart", { properties: ownValues }],
] as const) {
  test(`every value has its reason in docs/charts.md, and no reason is given for what is none: ${section}`, () => {
    const table = read("docs/charts.md")
      .text.split("\n## ")
      .find((one) => one.startsWith(section))!;
    const rows = [...table.matchAll(/^\| (`[^|]+) \|/gm)];
    const reasoned = rows.flatMap(([, names]) => [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
    assert.deepEqual(reasoned.sort(), valuePaths(schema).sort());
  });
}

test("every key of an older chart is one that the schema lets through to its message", () => {
  const older = Object.keys(readOlderKeys(readFileSync(olderKeysFile, "utf8")));
  assert.ok(older.length > 20);
  for (const path of older) {
    const found = path.split(".").reduce<Schema | undefined>((at, key) => at?.properties?.[key], currentSchema());
    assert.equal(found?.deprecated, true, path);
  }
});

function defaultsOf(schema: Schema): unknown {
  if (schema.default !== undefined || !schema.properties) return schema.default;
  const entries = Object.entries(schema.properties).filter(([key, one]) => !one.deprecated && key !== "global");
  return Object.fromEntries(entries.map(([key, one]) => [key, defaultsOf(one)]));
}
