import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { without } from "../../../../testing/require-server.ts";
import { defaultLimits } from "../../src/message/limits.ts";
import { PythonDate, type PythonDateTime, PythonDecimal } from "../../src/message/python-values.ts";
import { readMsgpack } from "../../src/message/read-msgpack.ts";
import { UndecodableMessage } from "../../src/message/undecodable-message.ts";
import { UnencodableValue } from "../../src/message/unencodable-value.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { writeMsgpack } from "../../src/message/write-msgpack.ts";
import { readYaml, writeYaml } from "../../src/message/yaml.ts";
import { valuesFor } from "./arbitrary-values.ts";
import { askPython } from "./ask-python.ts";
import { fuzzing } from "./fuzzing.ts";

const limits = defaultLimits;

/** How a value of Python's is told to us. */
const tell = `
def told(o):
    if isinstance(o, datetime.datetime): return {"__type__": "datetime", "__value__": o.isoformat()}
    if isinstance(o, datetime.date): return {"__type__": "date", "__value__": o.isoformat()}
    try:
        return {"__type__": "bytes", "__value__": o.decode("utf-8")}
    except UnicodeDecodeError:
        return {"__type__": "base64", "__value__": base64.b64encode(o).decode()}

def answer(value):
    json.dump(value, sys.stdout, default=told)
`;

test("MessagePack is read and written in every width it has", () => {
  const values = [
    ...[
      null,
      true,
      false,
      0,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 32,
      2 ** 53 - 1,
      -1,
      -32,
      -33,
      -128,
      -129,
      -32_769,
    ],
    ...[-(2 ** 31) - 1, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), 1.5, -0, Number.NaN, Number.NEGATIVE_INFINITY],
    ...[
      "",
      "x".repeat(31),
      "x".repeat(32),
      "é".repeat(200),
      "x".repeat(70_000),
      Buffer.alloc(300, 7),
      Buffer.alloc(70_000),
    ],
    ...[Array(15).fill(1), Array(16).fill(1), Array(70_000).fill(1)],
    ...[15, 16, 70_000].map((size) => Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i]))),
  ];
  for (const value of values) {
    assert.equal(writeJson(readMsgpack(writeMsgpack(value), limits)), writeJson(value));
  }
  assert.equal(readMsgpack(Buffer.from("ca3fc00000", "hex"), limits), 1.5);
  assert.deepEqual(readMsgpack(writeMsgpack([new PythonDecimal("1.10"), new Date(0)]), limits), [
    "1.10",
    "1970-01-01T00:00:00Z",
  ]);
});

test("MessagePack with keys that mean something to JavaScript is plain data", () => {
  const read = readMsgpack(writeMsgpack(JSON.parse('{"__proto__":{"polluted":1},"constructor":1}')), limits) as object;
  assert.deepEqual([Object.keys(read), Object.getPrototypeOf(read)], [["__proto__", "constructor"], null]);
  assert.equal((read as { polluted?: unknown }).polluted, undefined);
  // {1: "a", -1: "b"}, which JSON would write with texts for keys.
  assert.deepEqual({ ...(readMsgpack(Buffer.from("8201a161ffa162", "hex"), limits) as object) }, { 1: "a", "-1": "b" });
});

test("MessagePack that claims more than there is, is too deep, or holds what we have no like of, is refused", () => {
  const cases: [hex: string, reason: string][] = [
    ["", "malformed"],
    ["dfffffffff", "malformed"],
    ["ddffffffff", "malformed"],
    ["dd00ffffff".repeat(90), "malformed"],
    ["c6ffffffff00", "malformed"],
    ["dbffffffff00", "malformed"],
    ["a1ff", "malformed"],
    ["c1", "malformed"],
    ["c0c0", "malformed"],
    ["8190c0", "malformed"],
    ["81c0c0", "malformed"],
    [`${"91".repeat(101)}c0`, "too-deep"],
    [`${"81a161".repeat(101)}c0`, "too-deep"],
    [`${"91".repeat(1_000_000)}c0`, "too-deep"],
    ["d6ff00000000", "unknown-type"],
    ["c70105ff", "unknown-type"],
  ];
  for (const [hex, reason] of cases) {
    assert.throws(
      () => readMsgpack(Buffer.from(hex, "hex"), limits),
      (error) => error instanceof UndecodableMessage && error.reason === reason,
      hex.slice(0, 40),
    );
  }
  readMsgpack(Buffer.from(`${"91".repeat(100)}c0`, "hex"), limits);
  assert.throws(() => writeMsgpack(2n ** 64n), UnencodableValue);
  assert.throws(() => writeMsgpack("\ud800"), UnencodableValue);
});

test("plain words in YAML mean what they mean to PyYAML, also where YAML's versions differ", () => {
  const read = readYaml(
    "[y, n, yes, off, 1e5, 1.0e+5, 0o17, 017, 0x1f, 01:30, 1:30, 12345678901234567890, .nan, -.inf, ~, '1', 2026-01-02]",
    limits,
  ) as unknown[];
  assert.deepEqual(read.slice(0, 11), ["y", "n", true, false, "1e5", 100_000, "0o17", 15, 31, "01:30", 90]);
  assert.deepEqual(read.slice(11, 16), [12345678901234567890n, Number.NaN, Number.NEGATIVE_INFINITY, null, "1"]);
  assert.deepEqual(read[16], new PythonDate("2026-01-02"));
  const times = readYaml(
    "[2026-01-02 03:04:05.678901+02:00, 2026-01-02T03:04:05Z, 2026-1-2 3:04:05 -5]",
    limits,
  ) as PythonDateTime[];
  assert.deepEqual(
    times.map((time) => time.iso),
    ["2026-01-02T03:04:05.678901+02:00", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05-05:00"],
  );
});

test("YAML's tags, anchors and documents are bounded; Python's tags and unknown ones are refused", () => {
  const laughs = Array.from({ length: 12 }, (_, i) => `- &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`).join("\n");
  const cases: [text: string, reason: string][] = [
    ["!!python/object/apply:os.system ['true']", "unknown-type"],
    ["a: !!python/tuple [1, 2]", "unknown-type"],
    ["!!python/name:os.system ''", "unknown-type"],
    ["!mine 1", "unknown-type"],
    ["!!set {a, b}", "unknown-type"],
    [`- &a0 [${"x,".repeat(9)}]\n${laughs}`, "too-many-aliases"],
    [`- &a [x]\n${"- *a\n".repeat(limits.maxAliases + 1)}`, "too-many-aliases"],
    ["&a [*a]", "too-deep"],
    ["&a {b: *a}", "too-deep"],
    ["[".repeat(101), "too-deep"],
    ["- ".repeat(100_000), "too-deep"],
    ["--- 1\n--- 2", "malformed"],
    ["", "malformed"],
    ["[1", "malformed"],
    ["*nowhere", "malformed"],
    ["2026-02-30", "malformed"],
    ["0x_", "malformed"],
    ["9".repeat(5000), "malformed"],
    ["[1, 2]: a", "malformed"],
  ];
  for (const [text, reason] of cases) {
    assert.throws(
      () => readYaml(text, limits),
      (error) => error instanceof UndecodableMessage && error.reason === reason,
      text.slice(0, 60),
    );
  }
  assert.equal(
    writeJson(readYaml(`a: &x [1]\n${["b", "c"].map((key) => `${key}: *x`).join("\n")}`, limits)),
    '{"a":[1],"b":[1],"c":[1]}',
  );
  const inert = readYaml("__proto__: {polluted: 1}\nconstructor: 2\n<<: {toString: 3}", limits) as Record<
    string,
    unknown
  >;
  assert.deepEqual(
    [Object.getPrototypeOf(inert), inert.polluted, inert.constructor, inert.toString],
    [null, undefined, 2, 3],
  );
});

test("whatever is written as MessagePack or YAML is read as the same", (t) => {
  const runs = fuzzing(t, 1000);
  fc.assert(
    fc.property(valuesFor.msgpack, (value) =>
      assert.equal(writeJson(readMsgpack(writeMsgpack(value), limits)), writeJson(value)),
    ),
    runs,
  );
  fc.assert(
    fc.property(valuesFor.yaml, (value) =>
      assert.equal(writeJson(readYaml(writeYaml(value), limits)), writeJson(value)),
    ),
    runs,
  );
});

test("Python reads our MessagePack as we meant it, and we read its own", {
  skip: without("python3-celery", "python3-msgpack"),
}, async (t) => {
  const { seed, numRuns } = fuzzing(t, 500);
  const values = fc.sample(valuesFor.msgpack, { seed, numRuns });
  const [read, written] = (await askPython(
    `${tell}
import msgpack
values = [msgpack.unpackb(one, raw=False) for one in question]
answer([values, [base64.b64encode(msgpack.packb(one, use_bin_type=True)).decode() for one in values]])`,
    values.map((value) => asBytes(writeMsgpack(value))),
  )) as [unknown[], string[]];
  for (const [i, value] of values.entries()) {
    assert.equal(writeJson(read[i]), writeJson(value));
    assert.equal(writeJson(readMsgpack(Buffer.from(written[i]!, "base64"), limits)), writeJson(value));
  }
});

test("PyYAML reads our YAML as we meant it, and we read its own", {
  skip: without("python3-celery", "python3-yaml"),
}, async (t) => {
  const { seed, numRuns } = fuzzing(t, 500);
  const words = fc.oneof(
    fc.stringMatching(/^[-+0-9a-fxeEyYnN.:_~<T ]{0,8}$/),
    fc.stringMatching(/^\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d:\d\d(\.\d{0,3})?( ?Z)?)?$/),
    fc.stringMatching(/^(0x_|0b_|y|n|on|No|TRUE|null|~|\.nan|-\.INF|1_0|0o7|017|1:30|01:30|1e5|1\.e5|2026-02-30|<<)$/),
  );
  const values = fc.sample(fc.oneof(valuesFor.yaml, fc.array(words)), { seed, numRuns });
  const [read, written] = (await askPython(
    `${tell}
import yaml
values = [yaml.safe_load(one) for one in question]
answer([values, [yaml.safe_dump(one, sort_keys=False) for one in values]])`,
    values.map((value) => writeYaml(value)),
  )) as [unknown[], string[]];
  for (const [i, value] of values.entries()) {
    assert.equal(writeJson(read[i]), writeJson(value));
    assert.equal(writeJson(readYaml(written[i]!, limits)), writeJson(value));
  }
});

/** Bytes on the way to Python, where none may be taken for a text. */
function asBytes(bytes: Buffer): unknown {
  return { __type__: "base64", __value__: bytes.toString("base64") };
}
