import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDuration, parseSize } from "../../src/settings/units.ts";

test("durations are read in every unit, and added up", () => {
  const readings: [unknown, number | undefined][] = [
    ["500 ms", 0.5],
    ["30s", 30],
    ["2 min", 120],
    ["1h30m", 5400],
    ["14d", 1_209_600],
    ["1w", 604_800],
    ["1.5h", 5400],
    [7, 7],
    ["7", 7],
    ["7 fortnights", undefined],
    ["h", undefined],
    ["-1s", undefined],
    ["", undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [true, undefined],
  ];
  for (const [text, seconds] of readings) assert.equal(parseDuration(text), seconds, String(text));
});

test("sizes are decimal, binary, or as Kubernetes writes them; a lone letter could mean either and is refused", () => {
  const readings: [unknown, number | undefined][] = [
    ["1 kB", 1000],
    ["1 KiB", 1024],
    ["1Ki", 1024],
    ["1.5 GiB", 1.5 * 2 ** 30],
    ["2TB", 2e12],
    ["12 B", 12],
    ["12", 12],
    [12, 12],
    [1.5, undefined],
    ["1 G", undefined],
    ["1 EiB", undefined],
    ["9999 PiB", undefined],
    [-1, undefined],
  ];
  for (const [text, bytes] of readings) assert.equal(parseSize(text), bytes, String(text));
});

test("whatever the text, the answer is a number that is not negative, or none", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const value of [parseDuration(text), parseSize(text)]) assert.ok(value === undefined || value >= 0);
    }),
  );
});
