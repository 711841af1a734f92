import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { valuePaths } from "../../../../scripts/chart/values-table.ts";
import { currentSchema } from "../../../../scripts/chart/write-charts.ts";
import { catalogue } from "../../src/cli/catalogue.ts";
import { isSetting } from "../../src/settings/load.ts";
import { documents, type ProjectFile, read, readAll, root } from "./project-files.ts";

test("every file, page and heading that a document links to is there", () => {
  const missing: string[] = [];
  let links = 0;
  for (const { path, text } of documents()) {
    for (const [, target] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      links++;
      const [file, anchor] = target!.split("#");
      const whole = file === "" ? path : join(dirname(path), file!);
      if (!existsSync(join(root, whole))) missing.push(`${path}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(whole).includes(anchor)) missing.push(`${path}: ${target}`);
    }
  }
  assert.ok(links > 30, `only ${links} links were found`);
  assert.deepEqual(missing, []);
});

test("every test that docs/reliability.md names exists under that title", () => {
  const text = read("docs/reliability.md").text.replace(/\s+/g, " ");
  const named = [...text.matchAll(/\]\(\.\.\/((?:packages|testing|system-integration)\/[^)]+\.ts)\): "([^"]+)"/g)];
  assert.ok(named.length > 40, `only ${named.length} tests are named`);
  const missing = named.filter(([, path, title]) => !hasTitle(read(path!), title!));
  assert.deepEqual(
    missing.map(([, path, title]) => `${path}: ${title}`),
    [],
  );
});

test("every answer in docs/reliability.md names a test, or says that none shows it", () => {
  const cases = read("docs/reliability.md")
    .text.split(/^#{2,3} /m)
    .slice(1);
  const silent = cases.filter(
    (one) => /^(What happens when|\d\. )/m.test(one.split("\n")[0]!) && !/\.ts\): "|No test shows/.test(one),
  );
  assert.deepEqual(
    silent.map((one) => one.split("\n")[0]),
    [],
  );
});

test("every command in documents, and in what errors suggest, is one of the program's", () => {
  const names = new Set(catalogue.map(({ name }) => name));
  const known = (words: string[]) => names.has(words[0]!) || names.has(words.slice(0, 2).join(" "));
  const said = [...documents().map(codeOf), ...readAll("packages/data-transfer/src/{errors,cli}/**/*.ts")].flatMap(
    ({ path, text }) =>
      [...text.matchAll(/\bccat_data_transfer ([a-z][a-z-]*(?: [a-z][a-z-]*)?)/g)].map((match) => ({
        path,
        said: match[1]!,
      })),
  );
  assert.ok(said.length > 100, `only ${said.length} commands were found`);
  assert.deepEqual(
    said.filter(({ said }) => !known(said.split(" "))),
    [],
  );
});

test("every setting in documents is one of the program's, or a value of the chart", () => {
  const values = new Set(valuePaths(currentSchema()));
  const tables = "database|broker|redis|results|worker|manager|staging|storage|health|logging|demo";
  const said = documents().flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(`\`((?:${tables})\\.[a-z_]+)\``, "g"))].map((match) => ({ path, key: match[1]! })),
  );
  assert.ok(said.length > 30, `only ${said.length} settings were found`);
  assert.deepEqual(
    said.filter(({ key }) => !values.has(key) && !isSetting(key) && !isSetting(key.replace(/_file$/, ""))),
    [],
  );
});

function hasTitle({ text }: ProjectFile, title: string): boolean {
  return [`"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted));
}

/** As GitHub makes them from headings. */
function anchorsOf(path: string): string[] {
  return [...read(path).text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Only what stands in code: indented, fenced, or between backticks. */
function codeOf({ path, text }: ProjectFile): ProjectFile {
  const blocks = text.match(/^(?: {4}|\t).*$|^```[\s\S]*?^```|`[^`\n]+`/gm) ?? [];
  return { path, text: blocks.join("\n") };
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]+`/g, "`");
}
