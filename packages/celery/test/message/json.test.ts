import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { without } from "../../../../testing/require-server.ts";
import { parseInertJson } from "../../src/message/inert-json.ts";
import { defaultLimits } from "../../src/message/limits.ts";
import { PythonDate, PythonDateTime, PythonDecimal, PythonTime, PythonUuid } from "../../src/message/python-values.ts";
import { UndecodableMessage } from "../../src/message/undecodable-message.ts";
import { UnencodableValue } from "../../src/message/unencodable-value.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { valuesFor } from "./arbitrary-values.ts";
import { askPython } from "./ask-python.ts";
import { fuzzing } from "./fuzzing.ts";

test("the typed values of kombu 5.3 become values here, at any depth, and go back as they came", () => {
  const texts = [
    '{"__type__":"datetime","__value__":"2026-01-02T03:04:05.678901+02:00"}',
    '{"__type__":"datetime","__value__":"2026-01-02T03:04:05"}',
    '{"__type__":"date","__value__":"2026-01-02"}',
    '{"__type__":"time","__value__":"03:04:05.000006"}',
    '{"__type__":"decimal","__value__":"1.10"}',
    '{"__type__":"uuid","__value__":{"hex":"12345678123456781234567812345678"}}',
    '{"__type__":"bytes","__value__":"é"}',
    '{"__type__":"base64","__value__":"/wA="}',
  ];
  const read = parseInertJson(`[${texts.join()},{"deep":[${texts[0]}]}]`) as unknown[];
  const [aware, naive, date, time, decimal, uuid, text, binary] = read;
  assert.ok(aware instanceof PythonDateTime && naive instanceof PythonDateTime);
  assert.deepEqual([aware.toISOString(), aware.iso], ["2026-01-02T01:04:05.678Z", "2026-01-02T03:04:05.678901+02:00"]);
  assert.equal(naive.toISOString(), "2026-01-02T03:04:05.000Z");
  assert.ok(date instanceof PythonDate && time instanceof PythonTime && decimal instanceof PythonDecimal);
  assert.ok(uuid instanceof PythonUuid);
  assert.deepEqual([`${date} ${time}`, String(decimal)], ["2026-01-02 03:04:05.000006", "1.10"]);
  assert.equal(uuid.text, "12345678-1234-5678-1234-567812345678");
  assert.deepEqual([text, binary], [Buffer.from("é"), Buffer.from([0xff, 0])]);
  assert.equal(writeJson(read), `[${texts.join()},{"deep":[${texts[0]}]}]`);
});

test("a date that was set to another time is written as that", () => {
  const date = new PythonDateTime("2026-01-02T03:04:05.678901+02:00");
  date.setTime(0);
  assert.equal(date.iso, "1970-01-01T00:00:00+00:00");
});

test("for peers before kombu 5.3 the same values go as the texts that it wrote", () => {
  const values = [
    new Date("2026-01-02T03:04:05.6Z"),
    new PythonDateTime("2026-01-02T03:04:05.678901+02:00"),
    new PythonDate("2026-01-02"),
    new PythonTime("03:04"),
    new PythonDecimal("1.10"),
    new PythonUuid("12345678123456781234567812345678"),
    Buffer.from("text"),
  ];
  assert.deepEqual(JSON.parse(writeJson(values, { plainValues: true })), [
    "2026-01-02T03:04:05.600000Z",
    "2026-01-02T03:04:05.678901+02:00",
    "2026-01-02T00:00:00",
    "03:04",
    "1.10",
    "12345678-1234-5678-1234-567812345678",
    "text",
  ]);
  assert.throws(() => writeJson(Buffer.from([0xff]), { plainValues: true }), UnencodableValue);
});

test("two keys more or less make an ordinary object of a typed value", () => {
  for (const text of ['{"__type__":"date"}', '{"__type__":"date","__value__":"x","more":1}', '{"__value__":1,"a":2}']) {
    assert.equal(writeJson(parseInertJson(text)), text);
  }
});

test("unknown types and bad values of known ones are refused with a reason", () => {
  for (const [text, reason] of [
    ['{"__type__":"secret","__value__":1}', "unknown-type"],
    ['{"__type__":1,"__value__":1}', "unknown-type"],
    ['{"__type__":"constructor","__value__":1}', "unknown-type"],
    ['{"__type__":"datetime","__value__":"yesterday"}', "malformed"],
    ['{"__type__":"datetime","__value__":"2026-02-30T00:00:00"}', "malformed"],
    ['{"__type__":"decimal","__value__":1}', "malformed"],
    ['{"__type__":"decimal","__value__":"one"}', "malformed"],
    ['{"__type__":"uuid","__value__":{"hex":"12"}}', "malformed"],
    ['{"__type__":"uuid","__value__":null}', "malformed"],
    ['{"__type__":"bytes","__value__":"\\ud800"}', "malformed"],
    ['{"__type__":"bytes","__value__":[]}', "malformed"],
  ] as const) {
    assert.throws(
      () => parseInertJson(`{"a":[${text}]}`),
      (error) => error instanceof UndecodableMessage && error.reason === reason,
      text,
    );
  }
});

test("numbers keep every digit: integers of any size, NaN and the infinities, floats that look like integers", () => {
  const text = `[9007199254740993,-${"9".repeat(400)},1.5,NaN,Infinity,-Infinity,"NaN, \\"Infinity\\"",{"-Infinity":[NaN]}]`;
  const read = parseInertJson(text) as unknown[];
  assert.deepEqual(read.slice(0, 4), [9007199254740993n, -BigInt("9".repeat(400)), 1.5, Number.NaN]);
  assert.deepEqual(read.slice(4, 6), [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  assert.equal(writeJson(read), text);
  // A number beyond 2^53 is a float: Python must not take it for the integer that its digits happen to name.
  assert.equal(writeJson([2 ** 63, 1e300, -0, 2 ** 53 - 1]), "[9223372036854776000.0,1e+300,-0.0,9007199254740991]");
  for (const bad of ["[nan]", "[-NaN]", "[+Infinity]", "[NaN1]", "[1NaN]", "[Infinity", '["NaN]', "[InfinityNaN]"]) {
    assert.throws(() => parseInertJson(bad), UndecodableMessage, bad);
  }
});

test("an integer of more digits than Python reads is refused, and quickly", () => {
  const started = performance.now();
  assert.equal(parseInertJson("9".repeat(4300)), BigInt("9".repeat(4300)));
  assert.throws(() => parseInertJson("9".repeat(10_000_000)), /4300 digits/);
  assert.ok(performance.now() - started < 10_000);
});

test("halves of surrogate pairs are kept", () => {
  const text = '["\\ud800","a\\udfffb",{"\\ud83d":1}]';
  assert.equal(writeJson(parseInertJson(text)), text);
});

test("__proto__ and constructor are keys like others", () => {
  const text =
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":[{"__proto__":[9007199254740993]}]}';
  const read = parseInertJson(text) as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(read), null);
  assert.equal(read.polluted, undefined);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(writeJson(read), text);
});

test("depth is bounded in short texts and long ones, in plain and in odd numbers", () => {
  const nested = (levels: number, inside = "") => `${"[".repeat(levels)}${inside}${"]".repeat(levels)}`;
  const { maxDepth } = defaultLimits;
  parseInertJson(nested(maxDepth, "NaN"));
  for (const text of [
    nested(maxDepth + 1),
    nested(maxDepth + 1, "NaN"),
    nested(maxDepth + 1, "9".repeat(20)),
    nested(5e6),
  ]) {
    assert.throws(
      () => parseInertJson(text),
      (error) => error instanceof UndecodableMessage && error.reason === "too-deep",
    );
  }
});

test("what cannot be read as the same by anybody is not written", () => {
  const own: unknown[] = [];
  own.push(own);
  for (const value of [
    new Map(),
    [new Set()],
    { a: new Float64Array(1) },
    new Date(Number.NaN),
    own,
    { a: own, b: 1n },
  ]) {
    assert.throws(() => writeJson(value), UnencodableValue);
  }
  assert.equal(writeJson({ a: undefined, b: () => 1, c: [undefined, 1n] }), '{"c":[null,1]}');
  assert.equal(writeJson({ a: { toJSON: () => [1n] } }), '{"a":[1]}');
  assert.equal(writeJson(undefined), "null");
});

test("whatever is written is read as the same", (t) => {
  fc.assert(
    fc.property(valuesFor.json, (value) => {
      const text = writeJson(value);
      assert.equal(writeJson(parseInertJson(text)), text);
    }),
    fuzzing(t, 2000),
  );
});

test("Python reads from our JSON what we meant, and we read from its JSON the same", {
  skip: without("python3-celery"),
}, async (t) => {
  const { seed, numRuns } = fuzzing(t, 1000);
  const values = fc.sample(valuesFor.json, { seed, numRuns });
  const theirs = await askPython(
    `
def told(o):
    if isinstance(o, datetime.datetime): return {"__type__": "datetime", "__value__": o.isoformat()}
    if isinstance(o, datetime.date): return {"__type__": "date", "__value__": o.isoformat()}
    if isinstance(o, datetime.time): return {"__type__": "time", "__value__": o.isoformat()}
    if isinstance(o, decimal.Decimal): return {"__type__": "decimal", "__value__": str(o)}
    if isinstance(o, uuid.UUID): return {"__type__": "uuid", "__value__": {"hex": o.hex}}
    try:
        return {"__type__": "bytes", "__value__": o.decode("utf-8")}
    except UnicodeDecodeError:
        return {"__type__": "base64", "__value__": base64.b64encode(o).decode()}

json.dump(question, sys.stdout, default=told)`,
    values,
  );
  for (const [i, value] of values.entries()) assert.equal(writeJson((theirs as unknown[])[i]), writeJson(value));
});
