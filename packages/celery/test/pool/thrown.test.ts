import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packLogArguments, packThrown, unpackLogArguments, unpackThrown } from "../../src/worker/pool/thrown.ts";
import { fuzzing } from "../message/fuzzing.ts";

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
});
const anyError = fc
  .tuple(fc.constantFrom(Error, TypeError, RangeError), fc.string(), anything, fc.dictionary(fc.string(), anything))
  .map(([Class, message, cause, properties]) => {
    const own = Object.entries(properties).filter(
      ([key]) => !["name", "message", "stack", "cause", "__proto__"].includes(key),
    );
    return Object.assign(new Class(message, { cause }), Object.fromEntries(own));
  });

test("whatever is thrown or logged crosses to another process: nothing makes either side fail", (t) => {
  fc.assert(
    fc.property(fc.oneof(anything, anyError), (value) => {
      unpackThrown(packThrown(value));
      assert.equal(unpackLogArguments(packLogArguments([value, { err: value }, "%s"])).length, 3);
    }),
    fuzzing(t, 2_000),
  );
});

test("an error crosses with its class, message and stack, whatever else hangs on it", (t) => {
  fc.assert(
    fc.property(anyError, (error) => {
      const crossed = unpackThrown(packThrown(error)) as Error;
      assert.equal(Object.getPrototypeOf(crossed), Object.getPrototypeOf(error));
      assert.deepEqual([crossed.message, crossed.stack], [error.message, error.stack]);
    }),
    fuzzing(t, 2_000),
  );
});

test("errors that cause each other in a circle are cut off", () => {
  const [a, b] = [new Error("a"), new Error("b")];
  a.cause = b;
  b.cause = a;
  let depth = 0;
  for (let next = unpackThrown(packThrown(a)); next instanceof Error; next = next.cause) depth++;
  assert.equal(depth, 11);
});
