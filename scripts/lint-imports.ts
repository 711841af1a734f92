/**
 * Lint of who imports whom, after scripts/import-rules.ts, with dependency-cruiser. It proves first that it can refuse:
 * scripts/lint-fixture/ has one forbidden arrow (of types alone) and one cycle.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { cruise, type ICruiseResult, type IViolation } from "dependency-cruiser";
import { importRules, mayImport } from "./import-rules.ts";
import { fail, root, say, trackedFiles } from "./report.ts";

const fixture = join(root, "scripts/lint-fixture");

const refused = (await read(fixture, ["packages"])).summary.violations.map(arrow).sort();
const expected = [
  "model imports only model, errors, settings, logging: packages/data-transfer/src/model/looks-up.ts -> packages/data-transfer/src/opsdb/query.ts",
  "no cycles: packages/celery/src/egg.ts -> packages/celery/src/hen.ts",
];
for (const sentence of expected) {
  if (!refused.includes(sentence)) fail(`accepted what it has to refuse, in scripts/lint-fixture: ${sentence}`);
}

const files = trackedFiles().filter((file) => file.endsWith(".ts") && !file.startsWith("scripts/lint-fixture/"));
const folders = [...new Set(files.map((file) => file.split("/")[0] as string))];
const found = await read(root, folders);
const modules = new Set(found.modules.map((module) => module.source));
for (const file of files.filter((file) => !modules.has(file))) fail(`${file} was not read by dependency-cruiser`);
for (const { source, dependencies } of found.modules.filter((module) =>
  /^packages\/[^/]+\/src\//.test(module.source),
)) {
  // The parser overlooks one form, a type's `import("./x.ts").X`: it is to be written as an `import type` instead.
  const seen = new Set(dependencies.map((dependency) => dependency.module));
  for (const [, written] of readFileSync(join(root, source), "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g)) {
    if (!seen.has(written as string)) fail(`${source} imports ${written} in a way that escapes this check`);
  }
}
for (const violation of found.summary.violations) fail(arrow(violation));

const source = join(root, "packages/data-transfer/src");
for (const entry of readdirSync(source, { withFileTypes: true })) {
  if (entry.isDirectory() && !(entry.name in mayImport)) {
    fail(`${relative(root, join(source, entry.name))} is not in the table of scripts/import-rules.ts`);
  }
}
say(`imports: ${files.length} files, ${found.summary.totalDependenciesCruised} arrows`);

async function read(baseDir: string, folders: string[]): Promise<ICruiseResult> {
  const answer = await cruise(
    folders,
    {
      baseDir,
      parser: "swc",
      validate: true,
      ruleSet: { forbidden: importRules() },
      doNotFollow: { path: "node_modules" },
      exclude: { path: "^scripts/lint-fixture" },
      enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
    },
    { exportsFields: ["exports"], conditionNames: ["import", "node", "types", "default"] },
  );
  return answer.output as ICruiseResult;
}

function arrow({ rule, from, to }: IViolation): string {
  return `${rule.name}: ${from} -> ${to}`;
}
