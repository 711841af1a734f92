import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
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

test("a path is lawful exactly when every part of it is, and is given back as it stands", () => {
  const unit = fc.constantFrom(..."aab..//// :\\\t\x7fé", "\u2066", "x".repeat(200));
  const paths = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
  let lawful = 0;
  const property = fc.property(paths, (path) => {
    const parts = path.split("/");
    const good =
      !/^[a-z]:|[\\\t\x7f\u2066]/i.test(path) &&
      parts.every((part) => part !== "" && part !== "." && part !== ".." && Buffer.byteLength(part) <= 255);
    if (good) {
      lawful += 1;
      assert.deepEqual(checkMemberPath(path), parts);
    } else assert.throws(() => checkMemberPath(path), UnsafeName);
  });
  fc.assert(property, { numRuns: 5000, seed: Date.now() % 2 ** 31 });
  assert.ok(lawful > 100, `${lawful}`);
});

test("names that some file system holds to be the same have one key, others do not", () => {
  const same = [
    ["README", "readme"],
    ["\u00fc", "u\u0308"],
    ["\u00dc", "u\u0308"],
    ["stra\u00dfe", "STRASSE"],
    ["stra\u1e9ee", "stra\u00dfe"],
    ["\u212a", "k"],
    ["\u03c3", "\u03c2"],
    ["\ufb01", "FI"],
    ["\uff21\u00b2", "a2"],
    ["a\u200db\u00ad", "ab"],
    ["a\u0323\u0302", "a\u0302\u0323"],
    // Turkish: without a dot it is an i, with a dot above it is none.
    ["\u0131", "i"],
    ["\u0130", "i\u0307"],
  ] as const;
  for (const [one, other] of same) assert.equal(nameKey(one), nameKey(other), `${one} ${other}`);
  const keys = ["a", "b", "a/b", "ab", "ü", "u", "1", "l", "i", "\u0130", "é", "e", "日", "\u{1f600}", "-", "_"].map(
    nameKey,
  );
  assert.equal(new Set(keys).size, keys.length);
});

test("whatever is done to the case and the Unicode form of a character, its key stays; so does that of a word", () => {
  const variants = [
    (text: string) => text.toLowerCase(),
    (text: string) => text.toUpperCase(),
    ...(["NFC", "NFD", "NFKC", "NFKD"] as const).map((form) => (text: string) => text.normalize(form)),
  ];
  let others = 0;
  for (let point = 0; point < 0x110000; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const text = String.fromCodePoint(point);
    for (const variant of variants) {
      const other = variant(text);
      if (other === text) continue;
      others += 1;
      assert.equal(nameKey(other), nameKey(text), point.toString(16));
    }
  }
  assert.ok(others > 30_000, `${others}`);
  const word = fc.string({ unit: "grapheme", maxLength: 8 });
  const property = fc.property(word, fc.constantFrom(...variants), (text, variant) => {
    assert.equal(nameKey(variant(text)), nameKey(text));
    assert.equal(nameKey(nameKey(text)), nameKey(text));
  });
  fc.assert(property, { numRuns: 5000, seed: Date.now() % 2 ** 31 });
});

test("an escaped name is printable, and is cut when it is endless", () => {
  assert.equal(escapeName("a\nb\\c\x1bü"), "a\\u000ab\\\\c\\u001b\\u00fc");
  assert.equal(escapeName(Buffer.from([0x61, 0xff, 0x00])), "a\\xff\\x00");
  assert.ok(escapeName("x".repeat(10_000)).length < 400);
});
