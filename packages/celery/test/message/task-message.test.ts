import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeTask } from "../../src/message/decode-task.ts";
import { encodeRetry, encodeTask } from "../../src/message/encode-task.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { defaultLimits } from "../../src/message/limits.ts";
import { UndecodableMessage, type UndecodableReason } from "../../src/message/undecodable-message.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { fuzzing } from "./fuzzing.ts";

test("a task is written with the headers and the body of Celery 5.6", () => {
  const now = new Date("2026-01-02T03:04:05.600Z");
  const envelope = encodeTask(
    { queue: "q", name: "some.task", id: "i", args: [1, "two"], kwargs: { three: null }, priority: 3, countdown: 0.5 },
    now,
  );
  const { origin, ...headers } = envelope.headers;
  assert.match(String(origin), /^gen\d+@.+/);
  assert.deepEqual(headers, {
    lang: "py",
    task: "some.task",
    id: "i",
    shadow: null,
    eta: "2026-01-02T03:04:06.100000+00:00",
    expires: null,
    group: null,
    group_index: null,
    retries: 0,
    timelimit: [null, null],
    root_id: "i",
    parent_id: null,
    argsrepr: "(1, 'two')",
    kwargsrepr: "{'three': None}",
    ignore_result: false,
    replaced_task_nesting: 0,
    stamped_headers: null,
    stamps: {},
    cdt_published_at: "2026-01-02T03:04:05.600000+00:00",
  });
  const { delivery_tag, ...properties } = envelope.properties;
  assert.match(delivery_tag, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  assert.deepEqual(properties, {
    correlation_id: "i",
    reply_to: "",
    delivery_mode: 2,
    delivery_info: { exchange: "", routing_key: "q" },
    priority: 3,
    body_encoding: "base64",
  });
  assert.deepEqual([envelope["content-type"], envelope["content-encoding"]], ["application/json", "utf-8"]);
  assert.deepEqual(JSON.parse(Buffer.from(envelope.body, "base64").toString()), [
    [1, "two"],
    { three: null },
    { callbacks: null, errbacks: null, chain: null, chord: null },
  ]);
});

test("whatever is sent comes back the same", (t) => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 5 })), fc.dictionary(fc.string(), fc.jsonValue()), (args, kwargs) => {
      const task = decodeTask(writeEnvelope(encodeTask({ queue: "q", name: "t", args, kwargs })));
      assert.equal(writeJson([task.args, task.kwargs]), writeJson([args, kwargs]));
    }),
    fuzzing(t),
  );
});

test("times, limits, parents and the sender's own headers are read; integers keep every digit", () => {
  const [eta, expires] = [new Date("2030-01-01T00:00:00Z"), new Date("2031-01-01T00:00:00.5Z")];
  const sent = encodeTask({
    ...{ queue: "q", name: "t", id: "i", eta, expires, retries: 2, timeLimits: [10, null], rootId: "r", parentId: "p" },
    ...{ groupId: "g", replyTo: "back", ignoreResult: true, priority: 9, headers: { mine: [12345678901234567890n] } },
  });
  const task = decodeTask(writeEnvelope(sent));
  assert.deepEqual([task.eta, task.expires, task.timeLimits], [eta, expires, [10, null]]);
  assert.deepEqual([task.id, task.name, task.retries, task.priority], ["i", "t", 2, 9]);
  assert.deepEqual([task.rootId, task.parentId, task.groupId, task.replyTo], ["r", "p", "g", "back"]);
  assert.deepEqual([task.ignoreResult, task.redelivered], [true, false]);
  assert.deepEqual(task.headers.mine, [12345678901234567890n]);
});

test("all headers but task and id may be missing, and times may be in any form that peers write", () => {
  const headers = { task: "t", id: "i" };
  const task = decodeTask(writeEnvelope(aMessage({ headers })));
  assert.deepEqual([task.eta, task.expires, task.retries, task.timeLimits], [undefined, undefined, 0, [null, null]]);
  for (const [text, utc] of [
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.123456", "2026-01-02T03:04:05.123Z"],
    ["2026-01-02 03:04:05.1Z", "2026-01-02T03:04:05.100Z"],
    ["2026-01-02T03:04:05.123456+02:00", "2026-01-02T01:04:05.123Z"],
    ["2026-01-02T03:04:05-0130", "2026-01-02T04:34:05.000Z"],
    ["2026-01-02T03:04+01", "2026-01-02T02:04:00.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
  ]) {
    assert.equal(decodeTask(aMessage({ headers: { ...headers, eta: text } })).eta?.toISOString(), utc, text);
  }
});

test("the next try is the same task with one more retry and a tag of its own", () => {
  const first = decodeTask(
    writeEnvelope(encodeTask({ queue: "q", name: "t", args: [1], headers: { mine: 1 }, priority: 6 })),
  );
  first.envelope.headers.redelivered = true;
  first.envelope.properties.delivery_info.redelivered = true;
  first.envelope.properties.cdt_holder = "somebody";
  const eta = new Date("2030-01-01T00:00:00Z");
  const next = decodeTask(writeEnvelope(encodeRetry(first.envelope, "r", eta)));
  assert.deepEqual([next.id, next.name, next.args, next.priority], [first.id, "t", [1], 6]);
  assert.deepEqual([next.retries, next.eta, next.redelivered, next.headers.mine], [1, eta, false, 1]);
  assert.equal(next.envelope.properties.delivery_info.routing_key, "r");
  assert.notEqual(next.envelope.properties.delivery_tag, first.envelope.properties.delivery_tag);
  assert.equal("cdt_holder" in next.envelope.properties, false);
});

test("keys that mean something to JavaScript are plain data, wherever they are copied", () => {
  const tricky = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}';
  const body = Buffer.from(`[[${tricky}],${tricky},{"__proto__":1}]`).toString("base64");
  const raw = JSON.stringify(aMessage({ body })).replace('"lang"', `"__proto__":{"polluted":1},"lang"`);
  const { kwargs, args, headers } = decodeTask(raw);
  for (const object of [kwargs, args[0] as Record<string, unknown>]) {
    assert.deepEqual(Object.keys(object), ["__proto__", "constructor", "toString"]);
    assert.equal(Object.getPrototypeOf(object), null);
    const copied: Record<string, unknown> = Object.assign(Object.create(null), object);
    assert.equal(copied.polluted, undefined);
  }
  assert.equal(headers.polluted, undefined);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(JSON.stringify(kwargs), tricky);
});

test("what cannot be read is refused with its reason", () => {
  const deep = (levels: number) => Buffer.from("[".repeat(levels) + "]".repeat(levels)).toString("base64");
  const cases: [string, string | Envelope, UndecodableReason][] = [
    ["no JSON", "no JSON", "malformed"],
    ["nothing", "", "malformed"],
    ["half a message", writeEnvelope(aMessage()).slice(0, -10), "malformed"],
    ["a list", "[]", "malformed"],
    ["an empty object", "{}", "malformed"],
    ["no properties", aMessage({ properties: undefined }), "malformed"],
    ["headers of another type", aMessage({ headers: [] }), "malformed"],
    ["no delivery tag", aMessage({ properties: { delivery_info: {} } }), "malformed"],
    ["a number as body", aMessage({ body: 1 }), "malformed"],
    ["a body that is no base64", aMessage({ body: "%%%" }), "malformed"],
    ["a body that is no UTF-8", aMessage({ body: Buffer.from([0xff]).toString("base64") }), "malformed"],
    ["an object as body", aMessage({ body: Buffer.from("{}").toString("base64") }), "malformed"],
    ["args of another type", aMessage({ body: Buffer.from("[1,{},{}]").toString("base64") }), "malformed"],
    ["kwargs of another type", aMessage({ body: Buffer.from("[[],[],{}]").toString("base64") }), "malformed"],
    ["a chain that is no list", aMessage({ body: Buffer.from('[[],{},{"chain":1}]').toString("base64") }), "malformed"],
    ["an id that is no text", aMessage({ headers: { task: "t", id: 1 } }), "malformed"],
    ["no id", aMessage({ headers: { task: "t" } }), "malformed"],
    ["a name that is no text", aMessage({ headers: { task: {}, id: "i" } }), "malformed"],
    ["an eta that is no time", aMessage({ headers: { task: "t", id: "i", eta: "tomorrow" } }), "malformed"],
    ["an eta that never was", aMessage({ headers: { task: "t", id: "i", eta: "2026-13-45T00:00:00" } }), "malformed"],
    ["retries below zero", aMessage({ headers: { task: "t", id: "i", retries: -1 } }), "malformed"],
    ["odd limits", aMessage({ headers: { task: "t", id: "i", timelimit: [1] } }), "malformed"],
    ["pickle", aMessage({ "content-type": "application/x-python-serialize" }), "pickle-refused"],
    ["another content type", aMessage({ "content-type": "text/plain" }), "unsupported-content-type"],
    ["YAML", aMessage({ "content-type": "application/x-yaml" }), "content-not-accepted"],
    [
      "another encoding",
      aMessage({ properties: { ...aMessage().properties, body_encoding: "7bit" } }),
      "unsupported-encoding",
    ],
    [
      "compression",
      aMessage({ headers: { task: "t", id: "i", compression: "application/x-snappy" } }),
      "unsupported-compression",
    ],
    ["protocol 1", aMessage({ headers: {} }), "unsupported-protocol"],
    ["a deep body", aMessage({ body: deep(101) }), "too-deep"],
    ["a very deep body", aMessage({ body: deep(1_000_000) }), "too-deep"],
    ["a deep envelope", `{"headers":${"[".repeat(200_000)}`, "too-deep"],
    ["a large envelope", " ".repeat(defaultLimits.maxLength + 1), "too-large"],
    ["a large body", aMessage({ body: "A".repeat(defaultLimits.maxLength * 1.5) }), "too-large"],
  ];
  for (const [name, message, reason] of cases) {
    assert.throws(
      () => decodeTask(message),
      (error) => {
        assert.ok(error instanceof UndecodableMessage, `${name}: ${String(error)}`);
        assert.equal(error.reason, reason, `${name}: ${error.message}`);
        assert.ok(error.message.length < 200);
        return true;
      },
      name,
    );
  }
  decodeTask(aMessage({ body: Buffer.from(`[[${"[".repeat(98)}${"]".repeat(98)}],{},{}]`).toString("base64") }));
});

/** A good message with some parts replaced by whatever. */
function aMessage(parts: Record<string, unknown> = {}): Envelope {
  return { ...encodeTask({ queue: "q", name: "t" }), ...parts } as Envelope;
}
