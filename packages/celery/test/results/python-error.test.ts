import assert from "node:assert/strict";
import { test } from "node:test";
import { celeryErrors } from "../../src/results/celery-errors.ts";
import { remoteError, remoteRepr, traceback } from "../../src/results/python-error.ts";

test("an error gets the name and module under which Python knows it, and its own where Python does not", () => {
  class CorruptSource extends Error {
    readonly code = "CDT-CORRUPT";
  }
  const named = (name: string) => Object.assign(new Error("text"), { name });
  assert.deepEqual(remoteError(named("ValueError")), {
    exc_type: "ValueError",
    exc_message: ["text"],
    exc_module: "builtins",
  });
  assert.equal(remoteError(new TypeError("x")).exc_module, "builtins");
  assert.equal(remoteError(new SyntaxError("x")).exc_module, "ccatobs.celery");
  assert.deepEqual(remoteError(new CorruptSource("m31 differs")), {
    exc_type: "CorruptSource",
    exc_message: ["m31 differs", "CDT-CORRUPT"],
    exc_module: "ccatobs.celery",
  });
  for (const name of [
    "TaskRevokedError",
    "ChordError",
    "NotRegistered",
    "Retry",
    "Reject",
    "MaxRetriesExceededError",
  ]) {
    assert.deepEqual(remoteError(named(name)), {
      exc_type: name,
      exc_message: ["text"],
      exc_module: "celery.exceptions",
    });
  }
  for (const name of ["TimeLimitExceeded", "SoftTimeLimitExceeded", "WorkerLostError", "Terminated"]) {
    assert.equal(remoteError(named(name)).exc_module, "billiard.exceptions");
  }
  assert.deepEqual(remoteError("only a text"), {
    exc_type: "Error",
    exc_message: ["only a text"],
    exc_module: "ccatobs.celery",
  });
});

test("an error that came from a task is handed on as it was", () => {
  const remote = { exc_type: "KeyError", exc_message: ["m31", 2], exc_module: "builtins" };
  assert.deepEqual(remoteError(Object.assign(new Error("a dependency failed"), { remote })), remote);
  const broken = Object.assign(new Error("text"), { remote: { exc_type: 7 } });
  assert.equal(remoteError(broken).exc_type, "Error");
});

test("the repr of an error is Python's", () => {
  const repr = (exc_type: string, ...exc_message: unknown[]) => remoteRepr({ exc_type, exc_message, exc_module: "m" });
  // Each as python3 prints it.
  assert.equal(repr("ValueError", "no"), "ValueError('no')");
  assert.equal(repr("ValueError"), "ValueError()");
  assert.equal(repr("ValueError", "it's"), `ValueError("it's")`);
  assert.equal(repr("ValueError", `it's "it"`), `ValueError('it\\'s "it"')`);
  assert.equal(
    repr("Outer.Inner", "a\n\t\\\x00é", 2, null, true, [1.5]),
    "Inner('a\\n\\t\\\\\\x00é', 2, None, True, [1.5])",
  );
  const dependency = celeryErrors.dependencyFailed("id", { exc_type: "E", exc_message: [1], exc_module: "m" });
  assert.deepEqual(dependency.exc_message, ["Dependency id raised E(1)"]);
});

test("a traceback tells the causes first", () => {
  const error = new Error("outer", { cause: new TypeError("inner") });
  assert.match(
    traceback(error),
    /^Traceback \(most recent call last\):\n[\s\S]*TypeError: inner\n\nThe above exception was the direct cause [\s\S]*Error: outer\n$/,
  );
});
