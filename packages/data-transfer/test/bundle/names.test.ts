import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMemberPath, checkPackageName, escapeName, nameKey } from "../../src/bundle/names.ts";
import { UnsafeName } from "../../src/errors/package.ts";

test("lawful paths are taken apart as they stand", () => {
  assert.deepEqual(checkMemberPath("obs/2026-11-23/ümlaut 日本.fits"), ["obs", "2026-11-23", "ümlaut 日本.fits"]);
  const odd = ["...", ".hidden", "a:b", "-rf", "~", "$HOME", "con", "name.", " ", "x".repeat(255), "ü".repeat(127)];
  for (const name of odd) assert.deepEqual(checkMemberPath(`folder/${name}`), ["folder", name]);
});

test("what a path may not be, each by its rule", () => {
  const refused: [string, string][] = [
    ["/etc/passwd", "absolute-path"],
    ["c:/x", "drive-letter"],
    ["a\\b", "backslash"],
    ["a/../b", "dot-segment"],
    ["./a", "dot-segment"],
    ["a//b", "empty-segment"],
    ["a/", "empty-segment"],
    ["", "empty-segment"],
    ["a\0b", "control-character"],
    ["a\nb", "control-character"],
    ["\ud800", "not-utf-8"],
    ["\ufffd", "not-utf-8"],
    ["x".repeat(256), "name-too-long"],
    ["ü".repeat(128), "name-too-long"],
    ["a/".repeat(64).concat("f"), "too-deep"],
    [`${"x".repeat(250)}/`.repeat(13).concat("f"), "path-too-long"],
  ];
  for (const [path, rule] of refused) {
    assert.throws(
      () => checkMemberPath(path),
      (error) => error instanceof UnsafeName && error.rule === rule,
      `${path} ${rule}`,
    );
  }
});

test("a package's name is one part, not hidden, and leaves room for prefixes", () => {
  assert.equal(checkPackageName("CHAI_2026-11-23_00001.tar"), "CHAI_2026-11-23_00001.tar");
  for (const name of ["a/b", "..", ".staging-1-1", ".hidden", "", "x".repeat(201), "a\nb"]) {
    assert.throws(() => checkPackageName(name), UnsafeName, name);
  }
});

test("names that some file system holds to be the same have one key, others do not", () => {
  const same = [
    ["README", "readme"],
    ["\u00fc", "u\u0308"],
    ["\u00dc", "u\u0308"],
    ["stra\u00dfe", "STRASSE"],
    ["\u212a", "k"],
    ["\u03c3", "\u03c2"],
    ["\ufb01", "FI"],
  ] as const;
  for (const [one, other] of same) assert.equal(nameKey(one), nameKey(other), `${one} ${other}`);
  const keys = ["a", "b", "a/b", "ab", "ü", "u", "1", "l"].map(nameKey);
  assert.equal(new Set(keys).size, keys.length);
});

test("an escaped name is printable, and is cut when it is endless", () => {
  assert.equal(escapeName("a\nb\\c\x1bü"), "a\\u000ab\\\\c\\u001b\\u00fc");
  assert.equal(escapeName(Buffer.from([0x61, 0xff, 0x00])), "a\\xff\\x00");
  assert.ok(escapeName("x".repeat(10_000)).length < 400);
});
