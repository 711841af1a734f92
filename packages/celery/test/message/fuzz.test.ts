import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type DecodedTask, decodeTask } from "../../src/message/decode-task.ts";
import { encodeAgain, encodeRetry } from "../../src/message/encode-task.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { argsRepr, pythonRepr } from "../../src/message/python-repr.ts";
import { UndecodableMessage } from "../../src/message/undecodable-message.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { acceptAll, type GoodMessage, goodMessages, queueTexts } from "./arbitrary-messages.ts";
import { fuzzing } from "./fuzzing.ts";

/** Texts that once made the decoder fail. What fails is written there, to be committed with the remedy. */
const regressions = fileURLToPath(new URL("regressions/", import.meta.url));

test("whatever lies in a queue is read, or refused with a reason, and in no long time", (t) => {
  holds(t, 6000, queueTexts(), (text) => void readsOrRefuses(text));
});

test("a good message comes back as it was sent, in all protocols, serializers and compressions", (t) => {
  holds(t, 1500, goodMessages(), (message) => {
    const task = decodeTask(message.raw, { accept: acceptAll });
    assert.equal(writeJson([task.args, task.kwargs]), writeJson([message.args, message.kwargs]));
    assert.deepEqual([task.id, task.name, task.protocol], [message.id, "some.task", message.protocol]);
  });
});

test("what can be read can be tried again, and says the same", (t) => {
  let read = 0;
  holds(t, 2000, queueTexts(), (text) => {
    const task = readsOrRefuses(text);
    if (!task) return;
    read++;
    for (const [next, retries] of [
      [encodeRetry(task.envelope, "q", undefined), task.retries + 1],
      [encodeAgain(task.envelope, "q"), task.retries],
    ] as const) {
      const again = decodeTask(writeEnvelope(next), { accept: acceptAll });
      assert.equal(again.retries, retries);
      assert.equal(again.redelivered, false);
      assert.equal(writeJson([again.id, again.args, again.kwargs]), writeJson([task.id, task.args, task.kwargs]));
      assert.equal(writeJson(again.embed), writeJson(task.embed));
    }
  });
  assert.ok(read > 100);
});

for (const name of readdirSync(regressions).filter((file) => file.endsWith(".txt"))) {
  test(`regression ${name}: read, or refused with a reason`, () => {
    readsOrRefuses(readFileSync(join(regressions, name), "utf8"));
  });
}

function readsOrRefuses(text: string): DecodedTask | undefined {
  const started = performance.now();
  try {
    const task = decodeTask(text, { accept: acceptAll });
    keepsItsTypes(task);
    assert.ok((argsRepr(task.args) + pythonRepr(task.kwargs)).length < 5000);
    return task;
  } catch (error) {
    assert.ok(error instanceof UndecodableMessage, error instanceof Error ? error.stack : String(error));
    assert.ok(error.message.length < 300, error.message);
    return undefined;
  } finally {
    assert.ok(performance.now() - started < 10_000);
  }
}

function keepsItsTypes(task: DecodedTask): void {
  const texts = ["replyTo", "rootId", "parentId", "groupId", "correlationId", "shadow", "origin", "argsrepr"] as const;
  assert.ok(task.id !== "" && typeof task.id === "string" && typeof task.name === "string");
  for (const name of texts) assert.ok(["string", "undefined"].includes(typeof task[name]), name);
  assert.ok(Array.isArray(task.args));
  assert.equal(Object.getPrototypeOf(task.kwargs), null);
  assert.ok(Number.isSafeInteger(task.retries) && task.retries >= 0);
  assert.ok(task.groupIndex === undefined || Number.isSafeInteger(task.groupIndex));
  assert.ok(Number.isInteger(task.priority) && task.priority >= 0 && task.priority <= 9);
  for (const time of [task.eta, task.expires]) assert.ok(time === undefined || !Number.isNaN(time.getTime()));
  for (const limit of task.timeLimits) assert.ok(limit === null || limit >= 0);
  assert.deepEqual(Object.keys(task.stamps), [...new Set(task.stampedHeaders)]);
}

/** Fails with the smallest case for which `check` does, and keeps its text. */
function holds<T extends string | GoodMessage>(
  t: TestContext,
  numRuns: number,
  cases: fc.Arbitrary<T>,
  check: (one: T) => void,
): void {
  const outcome = fc.check(fc.property(cases, check), fuzzing(t, numRuns));
  if (!outcome.failed) return;
  const [found] = outcome.counterexample ?? [];
  if (found !== undefined) {
    const text = typeof found === "string" ? found : found.raw;
    const name = createHash("sha256").update(text).digest("hex").slice(0, 12);
    writeFileSync(join(regressions, `${name}.txt`), text);
  }
  throw new Error(fc.defaultReportMessage(outcome), { cause: outcome.errorInstance });
}
