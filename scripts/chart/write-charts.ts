import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { root } from "../report.ts";
import { olderKeysFile, readmeFile, type Schema, schemaFile } from "./files.ts";
import {
  localReadmeFile,
  localSchema,
  localSchemaFile,
  localValuesFile,
  ownValues,
  readProductionValues,
  withProductionValues,
} from "./local-chart.ts";
import { withGeneratedParts } from "./values-schema.ts";
import { withValuesTable } from "./values-table.ts";

/** Writes what of the charts is made from other sources. */
export function writeCharts(): void {
  const schema = currentSchema();
  writeJson(schemaFile, schema);
  writeJson(localSchemaFile, localSchema(schema));
  writeFileSync(readmeFile, withValuesTable(readFileSync(readmeFile, "utf8"), schema));
  const localReadme = readFileSync(localReadmeFile, "utf8");
  writeFileSync(localReadmeFile, withValuesTable(localReadme, { properties: ownValues }));
  writeFileSync(localValuesFile, withProductionValues(readFileSync(localValuesFile, "utf8"), readProductionValues()));
}

export function readSchema(file: string): Schema {
  return JSON.parse(readFileSync(file, "utf8")) as Schema;
}

/** values.schema.json as it has to be. */
export function currentSchema(): Schema {
  return withGeneratedParts(readSchema(schemaFile), readFileSync(olderKeysFile, "utf8"));
}

function writeJson(file: string, schema: Schema): void {
  let before: Schema | undefined;
  try {
    before = readSchema(file);
  } catch {
    // There is none yet, or it is none: written anew in either case.
  }
  if (isDeepStrictEqual(schema, before)) return;
  writeFileSync(file, JSON.stringify(schema, null, 2));
  execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--write", file]);
}
