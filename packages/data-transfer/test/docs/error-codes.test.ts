import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { DataTransferError } from "../../src/errors/data-transfer-error.ts";
import { read, readAll, root } from "./project-files.ts";

const page = read("docs/error-codes.md").text;
const entries = [...page.matchAll(/^### (CDT-[A-Z0-9-]+)$/gm)].map((match) => match[1]!);
const sources = [...readAll("packages/*/src/**/*.ts"), ...readAll("packages/*/bin/*.js")];
const code = /CDT-[A-Z0-9]+(?:-[A-Z0-9]+)*/g;

test("every code that the sources name has an entry, and every entry is of a code that the sources name", () => {
  const named = new Set(sources.flatMap(({ text }) => text.match(code) ?? []));
  assert.ok(named.size > 80, `only ${named.size} codes were found in the sources`);
  assert.deepEqual(
    [...named].filter((one) => !entries.includes(one)),
    [],
    "codes without an entry in docs/error-codes.md",
  );
  assert.deepEqual(
    entries.filter((one) => !named.has(one)),
    [],
    "entries of codes that do not exist",
  );
});

test("no code has two entries, and no entry is empty", () => {
  assert.deepEqual(repeated(entries), []);
  for (const part of page.split(/^### /m).slice(1)) {
    const [heading, ...body] = part.split("\n");
    assert.ok(body.join("").split("## ")[0]!.trim().length > 20, `${heading} says nothing`);
  }
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
