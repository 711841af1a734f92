import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { root } from "../report.ts";
import { olderKeysFile, type Schema, schemaFile } from "./files.ts";
import { withGeneratedParts } from "./values-schema.ts";

/** values.schema.json as it lies there. */
export function readSchema(): Schema {
  return JSON.parse(readFileSync(schemaFile, "utf8")) as Schema;
}

/** values.schema.json as it has to be. */
export function currentSchema(): Schema {
  return withGeneratedParts(readSchema(), readFileSync(olderKeysFile, "utf8"));
}

export function writeSchema(): void {
  const schema = currentSchema();
  if (isDeepStrictEqual(schema, readSchema())) return;
  writeFileSync(schemaFile, JSON.stringify(schema, null, 2));
  execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--write", schemaFile]);
}
