import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { without } from "../../../../testing/require-server.ts";
import { argsRepr, pythonRepr } from "../../src/message/python-repr.ts";
import { stringRepr } from "../../src/message/python-string-repr.ts";
import { PythonDate, PythonDateTime, PythonDecimal, PythonTime, PythonUuid } from "../../src/message/python-values.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { askPython } from "./ask-python.ts";
import { fuzzing } from "./fuzzing.ts";

const values = [
  ...[null, true, false, 0, -0.5, 1.5, -0, 1e-5, 0.0001, 1e-7, 1.25e-10, 1e15, 1e16, 1e22, 2 ** 53, 2 ** 63, 1.7e308],
  ...[12345678901234567890n, -(2n ** 70n), Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[
    "",
    "plain",
    "it's",
    'say "so"',
    `both ' and "`,
    "back\\slash",
    "line\nend\ttab\u0000",
    "é ü",
    "𝔘𝔫𝔦 code",
    "\ud800",
  ],
  ...[[], [1], [1, [2, [3, [4, [5]]]]], {}, { a: 1 }, { a: { b: { c: { d: 1 } } } }, { "it's": [null, true] }],
  ...[[[], {}, "", null], { nested: [{ x: [1, 2] }] }, { a: "b", "c d": "e f g" }, [[1, "two three"], { four: 5.5 }]],
  ...[Buffer.from("bytes"), Buffer.from("it's"), Buffer.from("é"), Buffer.from([0, 255, 128])],
  ...[
    new Date("2026-01-02T03:04:05.678Z"),
    new Date("2026-01-02T00:00:00Z"),
    new PythonDateTime("2026-01-02T03:04:05.6789"),
  ],
  ...[new PythonDateTime("2026-01-02T03:04:05+02:00"), new PythonDateTime("2026-01-02T03:04:00.000001-05:30")],
  ...[
    new PythonDate("2026-01-02"),
    new PythonTime("03:04"),
    new PythonTime("03:04:05.000678"),
    new PythonTime("03:04:05+01:00"),
  ],
  ...[new PythonDecimal("1.10"), new PythonUuid("12345678-1234-5678-1234-567812345678")],
];

test("values look as Celery's saferepr writes them, whole and cut anywhere", {
  skip: without("python3-celery"),
}, async () => {
  const lengths = [1024, ...Array.from({ length: 45 }, (_, i) => i + 1)];
  const theirs = await askPython(
    `
from celery.utils.saferepr import saferepr
answer([[[saferepr(v, n), saferepr((v,), n), saferepr((v, v), n)] for n in question["lengths"]] for v in question["values"]])`,
    { values, lengths },
  );
  for (const [i, value] of values.entries()) {
    const ours = lengths.map((n) => [pythonRepr(value, n), argsRepr([value], n), argsRepr([value, value], n)]);
    for (const [j, length] of lengths.entries()) {
      assert.deepEqual(ours[j], (theirs as unknown[][])[i]![j], `${writeJson(value)} cut at ${length}`);
    }
  }
});

test("anything looks as Celery's saferepr writes it", { skip: without("python3-celery") }, async (t) => {
  const scalars = fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.maxSafeInteger(), fc.bigInt(), fc.boolean());
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      scalars,
      fc.array(tie("tree"), { maxLength: 6 }),
      // Keys that are whole numbers stand first in JavaScript, wherever they were written.
      fc.dictionary(
        fc.string({ unit: "binary" }).filter((key) => !/^\d+$/.test(key) && key !== "__proto__"),
        tie("tree"),
        { maxKeys: 5 },
      ),
    ),
  }));
  const { seed } = fuzzing(t);
  const samples = fc.sample(fc.tuple(tree, fc.integer({ min: 1, max: 200 })), { seed, numRuns: 2000 });
  const theirs = await askPython(
    `
from celery.utils.saferepr import saferepr
answer([saferepr(v, n) for v, n in question])`,
    samples,
  );
  for (const [i, [value, length]] of samples.entries()) {
    assert.equal(pythonRepr(value, length), (theirs as string[])[i], `${writeJson(value)} cut at ${length}`);
  }
});

test("a text of an exception is quoted and escaped as Python's repr does it", {
  skip: without("python3-celery"),
}, async (t) => {
  const { seed } = fuzzing(t);
  const texts = [
    ...[
      "",
      "plain",
      "it's",
      'say "so"',
      `both ' and "`,
      "back\\slash",
      "\n\r\t\u0000\u007f\u0085\u00a0\u00ad",
      "é€𝔘",
      "\u2028\ud800",
    ],
    ...fc.sample(fc.string({ unit: "binary" }), { seed, numRuns: 1000 }),
  ];
  // Of characters newer than Debian's Python it does not know yet that they are printable.
  const theirs = (await askPython(
    `
from unicodedata import category
answer([None if any(category(c) == "Cn" for c in text) else repr(text) for text in question])`,
    texts,
  )) as (string | null)[];
  assert.ok(theirs.filter((repr) => repr !== null).length > 100);
  for (const [i, text] of texts.entries()) if (theirs[i] !== null) assert.equal(stringRepr(text), theirs[i]);
});

test("long ones are cut short, with their brackets closed", () => {
  assert.equal(pythonRepr("x".repeat(2000)), `'${"x".repeat(1024)}...'`);
  assert.equal(pythonRepr(`${"word ".repeat(3)}end`, 12), "'word word...'");
  const long = argsRepr([Array.from({ length: 5000 }, (_, i) => i), { more: 1 }]);
  assert.match(long, /^\(\[0, 1, 2, .*, \.\.\.\]\)$/);
  assert.ok(long.length < 1050);
  assert.equal(argsRepr([]), "()");
});

test("a pair of surrogates is never cut in two, whatever its place", () => {
  for (let length = 1; length < 20; length++) assert.ok(pythonRepr(`a${"😀".repeat(30)}`, length).isWellFormed());
});

test("a huge value, or one that contains itself, costs no more than what is shown of it", () => {
  const started = performance.now();
  const huge = Array.from({ length: 1_000_000 }, () => ({ key: "value" }));
  assert.ok(pythonRepr(huge).length < 1100);
  const own: unknown[] = [1];
  own.push(own);
  assert.equal(pythonRepr(own), "[1, [1, [1, [...]]]]");
  assert.ok(performance.now() - started < 20_000);
});
