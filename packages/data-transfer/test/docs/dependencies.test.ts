import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./project-files.ts";

test("every direct dependency has a line in docs/dependencies.md, and no line is of anything else", () => {
  const sections = read("docs/dependencies.md").text.split(/^## /m).slice(1);
  const described = Object.fromEntries(
    sections.map((section) => {
      const names = [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap((row) => [...row[1]!.matchAll(/`([^`]+)`/g)]);
      return [section.split("\n")[0]!, names.map(([, name]) => name!).sort()];
    }),
  );
  const manifest = (path: string) => JSON.parse(read(path).text) as Record<string, Record<string, string> | undefined>;
  const needed = (path: string, ...kinds: string[]) =>
    kinds.flatMap((kind) => Object.keys(manifest(path)[kind] ?? {})).sort();
  assert.deepEqual(described, {
    "packages/celery": needed("packages/celery/package.json", "dependencies", "optionalDependencies"),
    "packages/data-transfer": needed("packages/data-transfer/package.json", "dependencies", "optionalDependencies"),
    "For development": needed("package.json", "devDependencies"),
  });
  assert.deepEqual(needed("packages/celery/package.json", "devDependencies"), []);
  assert.deepEqual(needed("packages/data-transfer/package.json", "devDependencies"), []);
});
