import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chain, chord, group, signature } from "../../src/canvas/compose.ts";
import { createContinuation } from "../../src/canvas/continuation.ts";
import { MalformedCanvas } from "../../src/canvas/malformed-canvas.ts";
import { readSignature } from "../../src/canvas/read-signature.ts";
import type { Signature } from "../../src/canvas/signature.ts";
import { type DecodedTask, decodeTask } from "../../src/message/decode-task.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { celeryErrors } from "../../src/results/celery-errors.ts";
import { canvasWorld, sums } from "./canvas-world.ts";

const add = (...args: number[]) => signature("add", args);

const broken: [what: string, signature: unknown, words: RegExp][] = [
  ["a text", "add", /^it: it is not an object/],
  ["null", null, /it is not an object/],
  ["a list", [add(1)], /it is not an object/],
  ["no task", { ...add(1), task: undefined }, /^it\.task: it is not a text/],
  ["args that are no list", { ...add(1), args: { 0: 1 } }, /^it\.args: it is not a list/],
  ["kwargs that are no object", { ...add(1), kwargs: [1] }, /^it\.kwargs/],
  ["options that are no object", { ...add(1), options: "queue" }, /^it\.options/],
  ["an id that is no text", { ...add(1), options: { task_id: 7 } }, /^it\.options\.task_id/],
  ["a chain without tasks", { ...chain(add(1)), kwargs: {} }, /^it\.kwargs\.tasks: it is not a list/],
  ["a group of numbers", { ...group(add(1)), kwargs: { tasks: [1] } }, /^it\.kwargs\.tasks\[0\]/],
  ["a chord without a body", { ...chord([add(1)], add(1)), kwargs: { header: [] } }, /^it\.kwargs\.body/],
  [
    "a chord whose header is a number",
    { ...chord([], add(1)), kwargs: { header: 7, body: add(1) } },
    /^it\.kwargs\.header/,
  ],
  ["a deep one", nested(51), /nested deeper/],
];

for (const [what, wrong, words] of broken) {
  test(`${what} is no signature, and the error says where`, () => {
    assert.throws(
      () => readSignature(wrong, "it"),
      (error: unknown) => error instanceof MalformedCanvas && words.test(error.message),
    );
  });
}

test("a canvas of more signatures than are allowed is refused before any is sent", async () => {
  const world = canvasWorld(sums);
  const many = group(Array.from({ length: 100_001 }, () => ({ ...add(1) })));
  const continuation = createContinuation(world.services);
  await assert.rejects(continuation.succeeded(aTask({ callbacks: [many] }), 1), { code: "CDT-MALFORMED-CANVAS" });
  assert.deepEqual(world.messages, []);
  const small = createContinuation({ ...world.services, limits: { signatures: 3, depth: 3 } });
  await assert.rejects(small.succeeded(aTask({ callbacks: [group(add(1), add(1), add(1))] }), 1), MalformedCanvas);
  await small.succeeded(aTask({ callbacks: [group(add(1), add(1))] }), 1);
  assert.equal(world.messages.length, 2);
});

test("a large value for many members is not in memory once for each of them", async () => {
  const value = "x".repeat(4 << 20);
  let now = 0;
  let most = 0;
  const world = canvasWorld(sums, {
    async send() {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
    },
  });
  const callback = group(Array.from({ length: 100 }, () => ({ ...signature("list") })));
  await createContinuation(world.services).succeeded(aTask({ callbacks: [callback] }), value);
  assert.ok(most <= 2, `${most} at the same time`);
});

test("options of a wrong type are refused by name", async () => {
  const world = canvasWorld(sums);
  const continuation = createContinuation(world.services);
  for (const [option, value] of [
    ["queue", 7],
    ["countdown", "soon"],
    ["eta", "tomorrow"],
    ["expires", {}],
    ["expires", 1e300],
    ["retries", -1],
    ["time_limit", Number.NaN],
    ["headers", []],
    ["priority", "high"],
    ["serializer", "pickle"],
  ] as const) {
    const callback = { ...add(1), options: { [option]: value } };
    await assert.rejects(
      continuation.succeeded(aTask({ callbacks: [callback] }), 1),
      (error: unknown) => error instanceof MalformedCanvas && error.message.includes(option),
    );
  }
  assert.deepEqual(world.messages, []);
});

test("a part of a failed task's message that cannot be read is told, and keeps nothing else from being done", async () => {
  const world = canvasWorld(sums);
  const good = { ...add(1), options: { task_id: "good step" } };
  const task = aTask({ chain: ["bad step", good], errbacks: [7, signature("list")], chord: "bad body" });
  await createContinuation(world.services).failed(task, "FAILURE", celeryErrors.notRegistered("no"));
  assert.equal(await world.outcome("good step"), "FAILURE NotRegistered: no");
  assert.equal(world.messages.length, 1);
  assert.equal(world.refused.length, 2);
});

test("whatever stands in a message for canvas, it is carried out or refused, and nothing breaks", async () => {
  const anyJson = fc.jsonValue({ maxDepth: 4 });
  const leaf = fc.record({
    task: fc.oneof({ weight: 9, arbitrary: fc.constantFrom("add", "list") }, anyJson as fc.Arbitrary<unknown>),
    args: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>([1]) }, anyJson as fc.Arbitrary<unknown>),
    kwargs: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>({}) }, anyJson as fc.Arbitrary<unknown>),
    options: fc.oneof({ weight: 5, arbitrary: optionsOf(anyJson) }, anyJson as fc.Arbitrary<unknown>),
    subtask_type: fc.constantFrom(null, "chain", "group", "chord", "xmap", 7),
    immutable: fc.boolean(),
  });
  const { part } = fc.letrec<{ part: unknown }>((tie) => ({
    part: fc.oneof(
      { depthSize: "small" },
      leaf,
      anyJson,
      composition("chain", fc.record({ tasks: fc.array(tie("part"), { maxLength: 4 }) })),
      composition("group", fc.record({ tasks: fc.array(tie("part"), { maxLength: 4 }) })),
      composition(
        "chord",
        fc.record({ kwargs: fc.constant({}), header: fc.array(tie("part"), { maxLength: 3 }), body: tie("part") }),
      ),
    ),
  }));
  const embeds = fc.record({
    callbacks: fc.option(fc.array(part, { maxLength: 3 })),
    errbacks: fc.option(fc.array(part, { maxLength: 3 })),
    chain: fc.option(fc.array(part, { maxLength: 3 })),
    chord: fc.option(part),
  });
  const property = fc.asyncProperty(embeds, async (embed) => {
    const world = canvasWorld(sums);
    const continuation = createContinuation(world.services);
    const task = aTask(JSON.parse(JSON.stringify(embed)), "g");
    await world.results.startChord("g", 1);
    const unlessRefused = (error: unknown) =>
      assert.ok(error instanceof MalformedCanvas, String((error as Error).stack));
    await continuation.succeeded(task, 1).catch(unlessRefused);
    await continuation.replaced(task, embed.chord as Signature, "q").catch(unlessRefused);
    await continuation.applied(task, embed.chord as Signature).catch(unlessRefused);
    await continuation.joined(task, "SUCCESS", 1);
    await continuation.failed(task, "FAILURE", celeryErrors.notRegistered("no"));
    await continuation.failed(task, "REVOKED", celeryErrors.revoked("revoked"));
    for (const { text } of world.messages) decodeTask(text);
  });
  await fc.assert(property, { numRuns: 500 });
});

function composition(kind: string, kwargs: fc.Arbitrary<unknown>) {
  return fc.record({
    task: fc.constant(`celery.${kind}`),
    args: fc.constant([]),
    kwargs,
    options: fc.constantFrom({}, { task_id: "x", group_id: "g", chord: { task: "add" } }, { chain: [{ task: "add" }] }),
    subtask_type: fc.constant(kind),
    immutable: fc.boolean(),
  });
}

function optionsOf(anyJson: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const names = [
    "task_id",
    "queue",
    "eta",
    "expires",
    "link",
    "link_error",
    "chain",
    "chord",
    "group_id",
    "stamped_headers",
  ];
  return fc.dictionary(fc.constantFrom(...names), fc.oneof(anyJson, fc.constant("text")), { maxKeys: 3 });
}

function aTask(embed: Record<string, unknown>, group?: string): DecodedTask {
  const envelope = encodeTask({
    queue: "q",
    name: "add",
    embed: embed as never,
    ...(group && { groupId: group, groupIndex: 0 }),
  });
  return decodeTask(writeEnvelope(envelope));
}

function nested(levels: number): unknown {
  let signature: unknown = { ...add(1) };
  for (let level = 0; level < levels; level++) signature = { ...group(), kwargs: { tasks: [signature] } };
  return signature;
}
