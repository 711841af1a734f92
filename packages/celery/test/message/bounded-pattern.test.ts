import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { without } from "../../../../testing/require-server.ts";
import { boundedMatcher, globMatcher, PatternRefused, pcreMatcher } from "../../src/message/bounded-pattern.ts";
import { askPython } from "./ask-python.ts";
import { fuzzing } from "./fuzzing.ts";

test("globs and regular expressions choose nodes as in Python", () => {
  const cases: [matcher: string, pattern: string, fitting: string[], others: string[]][] = [
    ["glob", "celery@*", ["celery@a", "celery@"], ["other@a", "xcelery@a"]],
    ["glob", "w?rk[1-3]@[!x]*", ["work1@a", "wirk3@bcd"], ["work4@a", "work1@x", "work1@"]],
    ["glob", "a.b", ["a.b"], ["axb"]],
    ["glob", "[", ["["], [""]],
    ["pcre", "celery@(a|b)[0-9]+", ["celery@a1", "celery@b22.domain"], ["celery@c1", "xcelery@a1", "celery@a"]],
    ["pcre", "^w\\d{2,3}$", ["w12", "w123"], ["w1", "w1234"]],
    ["pcre", "(?:x|)y*?z", ["xz", "yyz", "z"], ["a"]],
  ];
  for (const [matcher, pattern, fitting, others] of cases) {
    const fits = boundedMatcher(matcher, pattern);
    for (const text of fitting) assert.equal(fits(text), true, `${pattern} should fit ${text}`);
    for (const text of others) assert.equal(fits(text), false, `${pattern} should not fit ${text}`);
  }
});

test("what Python's fnmatch and re.match say of random patterns, we say too", {
  skip: without("python3-celery"),
}, async (t) => {
  const { seed, numRuns } = fuzzing(t, 4000);
  const written = (characters: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...characters), maxLength });
  const pairs = fc.oneof(
    fc.tuple(fc.constant("glob"), written("ab*?[]!-^\\", 8), written("ab-]", 6)),
    fc.tuple(fc.constant("pcre"), written("ab.*+?()|[]^$-{}12,\\d", 9), written("ab1-\n", 6)),
    fc.tuple(fc.constant("pcre"), written("ab*(|)?", 9), written("ab", 6)),
  );
  const questions = fc.sample(pairs, { seed, numRuns });
  const theirs = (await askPython(
    `
import fnmatch, re, warnings
warnings.simplefilter("ignore")

def fits(matcher, pattern, text):
    try:
        return bool(fnmatch.fnmatchcase(text, pattern) if matcher == "glob" else re.match(pattern, text))
    except re.error:
        return None

answer([fits(*one) for one in question])`,
    questions,
  )) as (boolean | null)[];
  let compared = 0;
  for (const [i, [matcher, pattern, text]] of questions.entries()) {
    let ours: boolean | "refused";
    try {
      ours = boundedMatcher(matcher, pattern)(text);
    } catch (error) {
      assert.ok(error instanceof PatternRefused, String(error));
      assert.equal(matcher, "pcre");
      ours = "refused";
    }
    if (ours === "refused") continue;
    compared++;
    assert.equal(ours, theirs[i], `${matcher} ${JSON.stringify(pattern)} on ${JSON.stringify(text)}`);
  }
  assert.ok(compared > numRuns / 2);
});

test("no pattern from a message can keep us busy", () => {
  const long = "a".repeat(4096);
  const started = performance.now();
  assert.equal(globMatcher(`${"*a".repeat(240)}b`)(long), false);
  assert.equal(pcreMatcher("(a*)*(a|a)*(a+)+b")(long), false);
  assert.equal(pcreMatcher("(((((a?){30}){3})?)*)*b")(long), false);
  assert.equal(pcreMatcher("(x+x+)+y")("x".repeat(4096)), false);
  assert.ok(performance.now() - started < 20_000);
});

test("patterns that are too long, too many times repeated, or not understood are refused with a sentence", () => {
  const refused: [matcher: string, pattern: string][] = [
    ["glob", "a".repeat(501)],
    ["pcre", "a".repeat(501)],
    ["pcre", "((a{900}){900}){900}"],
    ["pcre", "(".repeat(200)],
    ["pcre", "a{2000}"],
    ...["(a)\\1", "a(?=b)", "(?i)a", "a++", "a**", "^*", "*a", "(a", "a)", "[a", "[z-a]", "\\", "a{3,1}", "\\b"].map(
      (pattern) => ["pcre", pattern] as [string, string],
    ),
    ["sql", "a%"],
  ];
  for (const [matcher, pattern] of refused) {
    assert.throws(
      () => boundedMatcher(matcher, pattern),
      (error) => error instanceof PatternRefused && error.message.length < 200,
      `${matcher} ${pattern}`,
    );
  }
});
