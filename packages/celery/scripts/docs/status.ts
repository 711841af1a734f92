import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../../../scripts/report.ts";
import type { StatusPoint, TestReference } from "../../docs/status-points/status-point.ts";
import { table } from "./settings-tables.ts";

const home = join(root, "packages/celery");

/** docs/status.md: every promise, and the tests that show it. */
export function renderStatus(points: readonly StatusPoint[]): string {
  return `${[
    "# Status",
    "What this package promises, point by point, and the tests that show it. Written by packages/celery/scripts/write-docs.ts from" +
      " docs/status-points/; a test fails where one of these tests is gone. `…` in a title stands for one of several cases.",
    ...points.flatMap(({ title, promises }, index) => [
      `## ${index + 1}. ${title}`,
      table(
        ["promise", "test"],
        promises.map(({ promise, tests }) => [promise, tests.map(shown).join("<br>")]),
      ),
    ]),
  ].join("\n\n")}\n`;
}

/** Why a reference leads nowhere, in words; undefined when there is such a test. */
export function missingTest([file, title]: TestReference): string | undefined {
  const path = join(home, file);
  if (!existsSync(path)) return `there is no ${file}`;
  if (!literals(readFileSync(path, "utf8")).has(title)) return `${file} has no test "${title}"`;
  if (!file.endsWith(".test.ts") && !isUsedByTests(file)) return `no test file uses ${file}`;
  return undefined;
}

/** Texts that stand in a source in quotes or backticks: a title is one of them as a whole. What is put into it is `…`. */
function literals(source: string): Set<string> {
  const found = new Set<string>();
  for (const [, quoted, template] of source.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)) {
    const text = quoted ?? template!.replace(/(\$\{[^}]*\})+/g, "…");
    found.add(text.replaceAll('\\"', '"'));
    // A suite puts the kind of what it tests before its stories.
    found.add(text.replace(/^…: /, ""));
  }
  return found;
}

function isUsedByTests(file: string): boolean {
  const name = file.split("/").at(-1)!;
  const neighbours = globSync("**/*.ts", { cwd: join(home, dirname(file)) });
  return neighbours.some((other) => {
    return other.endsWith(".test.ts") && readFileSync(join(home, dirname(file), other), "utf8").includes(`/${name}"`);
  });
}

function shown([file, title]: TestReference): string {
  return `[${file.replace(/^test\//, "")}](../${file}): ${title}`;
}
