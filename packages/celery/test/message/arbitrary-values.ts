import fc from "fast-check";
import { PythonDate, PythonDateTime, PythonDecimal, PythonTime, PythonUuid } from "../../src/message/python-values.ts";

/** Keys that JavaScript gives a meaning, beside any others. */
const keys = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: "binary", maxLength: 8 }).filter((key) => key.isWellFormed()) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "toString", "__type__", "length", "0") },
);

const wellFormed = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 20 }).filter((text) => text.isWellFormed()) },
  // Words that some reader of YAML takes for something else.
  {
    weight: 1,
    arbitrary: fc.constantFrom("0x_", "y", "off", "2026-02-30", "1e5", "01:30", "017", "null", "~", ".nan", "<<"),
  },
);
const numbers = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: false }));
const bytes = fc.uint8Array({ maxLength: 20 }).map((members) => Buffer.from(members));
const dates = fc
  .date({ noInvalidDate: true, min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z") })
  .map((date) => new Date(date));

const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, "0"));
const zones = fc.oneof(
  fc.constantFrom("", "+00:00", "-00:30"),
  fc.tuple(fc.constantFrom("+", "-"), fc.integer({ min: 1, max: 13 }), two(59)).map(([sign, hours, minutes]) => {
    return `${sign}${String(hours).padStart(2, "0")}:${minutes}`;
  }),
);
const clocks = fc
  .tuple(
    two(23),
    two(59),
    two(59),
    fc.oneof(
      fc.constant(""),
      fc.integer({ min: 1, max: 999_999 }).map((n) => `.${String(n).padStart(6, "0")}`),
    ),
  )
  .map(([hour, minute, second, fraction]) => `${hour}:${minute}:${second}${fraction}`);
const days = dates.map((date) => date.toISOString().slice(0, 10));

/** Those that only kombu's JSON has a form for. */
const typed = fc.oneof(
  dates,
  fc.tuple(days, clocks, zones).map(([day, clock, zone]) => new PythonDateTime(`${day}T${clock}${zone}`)),
  days.map((day) => new PythonDate(day)),
  fc.tuple(clocks, zones).map(([clock, zone]) => new PythonTime(clock + zone)),
  fc.tuple(fc.bigInt(), fc.nat({ max: 999_999 })).map(([whole, places]) => new PythonDecimal(`${whole}.${places}`)),
  fc.uuid().map((uuid) => new PythonUuid(uuid)),
  bytes,
);

/** Values that a serializer carries without loss. */
export const valuesFor = {
  json: trees(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      numbers,
      fc.bigInt(),
      typed,
      fc.constantFrom("\ud800", "a\udfff"),
    ),
  ),
  msgpack: trees(fc.oneof(wellFormed, numbers, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), bytes)),
  yaml: trees(
    fc.oneof(
      wellFormed,
      numbers,
      fc.bigInt(),
      bytes,
      dates,
      days.map((day) => new PythonDate(day)),
    ),
  ),
};

function trees(leaves: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(leaves, fc.constantFrom(null, true, false)),
      fc.array(tie("tree"), { maxLength: 5 }),
      // A message cannot tell a mapping of these two keys from a typed value.
      fc
        .dictionary(keys, tie("tree"), { maxKeys: 5, noNullPrototype: false })
        .filter((object) => !("__type__" in object)),
    ),
  })).tree;
}
