import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { without } from "../../../../testing/require-server.ts";
import { argsRepr, pythonRepr } from "../../src/message/python-repr.ts";

const values = [
  null,
  true,
  false,
  0,
  -0.5,
  1.5,
  1e-5,
  0.0001,
  1e-7,
  1.25e-10,
  1e22,
  12345678901234567890n,
  2 ** 53,
  "",
  "plain",
  "it's",
  'say "so"',
  "line\nend",
  "é",
  [],
  [1],
  [1, [2, [3, [4, [5]]]]],
  {},
  { a: 1 },
  { a: { b: { c: { d: 1 } } } },
  { "it's": [null, true] },
  [[], {}, "", null],
  { nested: [{ x: [1, 2] }] },
];

test("values look as Celery's saferepr writes them", { skip: without("python3-celery") }, async () => {
  const json = values.map((value) => (typeof value === "bigint" ? String(value) : JSON.stringify(value)));
  const program = `
import json, sys
from celery.utils.saferepr import saferepr
values = [json.loads(text) for text in json.loads(sys.argv[1])]
print(json.dumps([[saferepr(v, 1024), saferepr((v,), 1024), saferepr((v, v), 1024)] for v in values]))`;
  const { stdout } = await promisify(execFile)("/usr/bin/python3", ["-c", program, JSON.stringify(json)]);
  const theirs = JSON.parse(stdout);
  assert.equal(theirs.length, values.length);
  for (const [i, value] of values.entries()) {
    assert.deepEqual([pythonRepr(value), argsRepr([value]), argsRepr([value, value])], theirs[i], String(json[i]));
  }
});

test("long ones are cut short, with their brackets closed", () => {
  assert.equal(pythonRepr("x".repeat(2000)), `'${"x".repeat(1024)}...'`);
  assert.equal(pythonRepr(`${"word ".repeat(3)}end`, 12), "'word word...'");
  const long = argsRepr([Array.from({ length: 5000 }, (_, i) => i), { more: 1 }]);
  assert.match(long, /^\(\[0, 1, 2, .*, \.\.\.\]\)$/);
  assert.ok(long.length < 1050);
  assert.equal(argsRepr([]), "()");
});

test("a huge value costs no more than what is shown of it", () => {
  const started = performance.now();
  const huge = Array.from({ length: 1_000_000 }, () => ({ key: "value" }));
  assert.ok(pythonRepr(huge).length < 1100);
  assert.ok(performance.now() - started < 20_000);
});
