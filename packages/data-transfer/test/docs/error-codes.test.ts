import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { read, readAll, root } from "./project-files.ts";

/** The celery package stands alone, so its codes have a page of their own. */
const pages = [
  { path: "docs/error-codes.md", sources: "packages/data-transfer", atLeast: 70 },
  { path: "packages/celery/docs/error-codes.md", sources: "packages/celery", atLeast: 30 },
].map(({ path, sources, atLeast }) => {
  const { text } = read(path);
  const entries = [...text.matchAll(/^### (CDT-[A-Z0-9-]+)$/gm)].map((match) => match[1]!);
  return {
    path,
    text,
    entries,
    atLeast,
    sources: [...readAll(`${sources}/src/**/*.ts`), ...readAll(`${sources}/bin/*.js`)],
  };
});
const sources = pages.flatMap((page) => page.sources);
const code = /CDT-[A-Z0-9]+(?:-[A-Z0-9]+)*/g;

for (const { path, entries, sources, atLeast } of pages) {
  test(`every code that the sources name has an entry in ${path}, and every entry is of a code that they name`, () => {
    const named = new Set(sources.flatMap(({ text }) => text.match(code) ?? []));
    assert.ok(named.size > atLeast, `only ${named.size} codes were found in the sources`);
    assert.deepEqual(
      [...named].filter((one) => !entries.includes(one)),
      [],
      "codes without an entry",
    );
    assert.deepEqual(
      entries.filter((one) => !named.has(one)),
      [],
      "entries of codes that do not exist",
    );
  });
}

test("no code has two entries, be it on one page or on both, and no entry is empty", () => {
  assert.deepEqual(repeated(pages.flatMap(({ entries }) => entries)), []);
  for (const part of pages.flatMap(({ text }) => text.split(/^### /m).slice(1))) {
    const [heading, ...body] = part.split("\n");
    assert.ok(body.join("").split("## ")[0]!.trim().length > 20, `${heading} says nothing`);
  }
});

test("every reason for which the sources put a message aside is explained, and none that does not exist", () => {
  const explained = pages.flatMap(({ text }) => {
    const section = text.split(/^## Reasons in the dead-letter list$/m)[1]?.split(/^## /m)[0] ?? "";
    const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell]) => cell!);
    return cells.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => reason!));
  });
  const thrown = /new (?:DeadLetter|UndecodableMessage)\(\s*"([a-z-]+)"/g;
  const givenByTheWorker =
    /(?:return refuse|(?:return|await) deadLetter|const reason = .*:)(?:\(\s*held,|\()?\s*"([a-z-]+)"/g;
  const given = sources.flatMap(({ path, text }) =>
    [thrown, ...(path.startsWith("packages/celery/src/worker/") ? [givenByTheWorker] : [])].flatMap((pattern) =>
      [...text.matchAll(pattern)].map((match) => match[1]!),
    ),
  );
  assert.ok(given.length > 15, `only ${given.length} places were found`);
  assert.deepEqual([...new Set(explained)].sort(), [...new Set(given)].sort());
});

test("every class of error has a code of its own, and no two share one", async () => {
  const owners: [code: string, owner: string][] = [];
  for (const { path, text } of sources.filter(({ path }) => path.startsWith("packages/data-transfer/src/errors/"))) {
    const classes = text.split(/^export (?:abstract )?class /m).slice(1);
    const codes = new Map(
      classes.map((body) => [/^\w+/.exec(body)![0], /readonly code = "(CDT-[^"]+)"/.exec(body)?.[1]]),
    );
    for (const [name, value] of Object.entries(await load(path))) {
      if (!isErrorClass(value) || basename(path) === "data-transfer-error.ts") continue;
      const own = codes.get(name);
      assert.ok(own !== undefined, `${name} in ${path} has no code`);
      owners.push([own, name]);
    }
  }
  assert.ok(owners.length > 60, `only ${owners.length} classes were found`);
  for (const { path, text } of sources.filter(({ path }) => path.startsWith("packages/celery/src/"))) {
    for (const match of text.matchAll(/^ *(?:readonly )?code(?: =|:) "(CDT-[^"]+)"/gm)) owners.push([match[1]!, path]);
  }
  const shared = repeated(owners.map(([own]) => own));
  assert.deepEqual(
    owners.filter(([own]) => shared.includes(own)),
    [],
  );
});

function isErrorClass(value: unknown): boolean {
  return typeof value === "function" && value.prototype instanceof DataTransferError;
}

function load(path: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(join(root, path)).href);
}

function repeated(values: readonly string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}
