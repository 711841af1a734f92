import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBody } from "../../src/message/body.ts";
import { type DecodedTask, decodeTask } from "../../src/message/decode-task.ts";
import { encodeAgain, encodeRetry, encodeTask } from "../../src/message/encode-task.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { unacceptable } from "../../src/message/serializers.ts";
import { UndecodableMessage, type UndecodableReason } from "../../src/message/undecodable-message.ts";

/** What Celery's `as_task_v1` puts into a body. */
const oldBody = {
  ...{ task: "some.task", id: "an-id", args: [1], kwargs: { two: 3 }, group: "g", group_index: 4, retries: 1 },
  ...{ eta: "2030-01-01T00:00:00", expires: "2031-01-01T00:00:00+00:00", utc: true, taskset: "g" },
  ...{ callbacks: [{ task: "after" }], errbacks: null, timelimit: [20, 10], chord: { task: "body" } },
};

test("protocol 1, the hybrid and protocol 2 say the same about the same task", () => {
  const embed = { callbacks: [{ task: "after" }], errbacks: null, chain: null, chord: { task: "body" } };
  const [eta, expires] = [new Date("2030-01-01T00:00:00Z"), new Date("2031-01-01T00:00:00Z")];
  const modern = encodeTask({
    ...{
      queue: "q",
      name: "some.task",
      id: "an-id",
      args: [1],
      kwargs: { two: 3 },
      groupId: "g",
      groupIndex: 4,
      retries: 1,
    },
    ...{ eta, expires, timeLimits: [20, 10], embed },
  });
  const messages = [modern, withBody(oldBody, {}), withBody(oldBody, { task: "some.task", id: "an-id" })];
  const [two, one, hybrid] = messages.map((message) => facts(decodeTask(writeEnvelope(message))));
  assert.deepEqual(one, two);
  assert.deepEqual(hybrid, two);
  assert.deepEqual(
    messages.map((message) => decodeTask(message).protocol),
    [2, 1, 2],
  );
});

test("in a hybrid the headers win over the body", () => {
  const task = decodeTask(
    withBody(oldBody, { task: "other.task", id: "other", retries: 5, timelimit: [null, 3], mine: 1 }),
  );
  assert.deepEqual([task.name, task.id, task.retries, task.timeLimits], ["other.task", "other", 5, [null, 3]]);
  assert.deepEqual([task.groupId, task.args, task.headers.mine], ["g", [1], 1]);
});

test("a body of protocol 1 may leave out all but task and id; taskset is the old name of group", () => {
  const task = decodeTask(withBody({ task: "t", id: "i", taskset: "g" }, {}));
  assert.deepEqual([task.args, { ...task.kwargs }, task.retries, task.groupId], [[], {}, 0, "g"]);
  assert.deepEqual([task.eta, task.timeLimits, task.embed.chord], [undefined, [null, null], null]);
});

test("naive times are UTC, or local where the message says utc: false", () => {
  const eta = (utc: unknown) => decodeTask(withBody({ ...oldBody, utc }, {})).eta;
  assert.deepEqual([eta(true), eta(undefined)], [new Date("2030-01-01T00:00:00Z"), new Date("2030-01-01T00:00:00Z")]);
  assert.deepEqual(eta(false), new Date(2030, 0, 1));
});

test("stamps, origin, shadow, reprs and nesting are read, and nonsense in what is only shown is passed over", () => {
  const stamps = { customer: "c-1", tags: ["a", "b"] };
  const sent = encodeTask({
    queue: "q",
    name: "t",
    stamps,
    origin: "me",
    shadow: "other name",
    replacedTaskNesting: 2,
  });
  const task = decodeTask(writeEnvelope(sent));
  assert.deepEqual([task.stampedHeaders, { ...task.stamps }], [["customer", "tags"], stamps]);
  assert.deepEqual([task.origin, task.shadow, task.replacedTaskNesting], ["me", "other name", 2]);
  assert.deepEqual([task.argsrepr, task.kwargsrepr], ["()", "{}"]);
  const headers = { ...sent.headers, origin: 1, shadow: [], argsrepr: {}, stamped_headers: ["x", 1], stamps: 2 };
  const odd = decodeTask({ ...sent, headers });
  assert.deepEqual(
    [odd.origin, odd.shadow, odd.argsrepr, odd.stampedHeaders],
    [undefined, undefined, undefined, ["x"]],
  );
  assert.deepEqual({ ...odd.stamps }, { x: null });
});

test("a task may go to an exchange, by name, and expire after some seconds", () => {
  const now = new Date("2026-01-02T03:04:05Z");
  const { properties, headers } = encodeTask({ exchange: "topics", routingKey: "a.b", name: "t", expires: 90 }, now);
  assert.deepEqual(properties.delivery_info, { exchange: "topics", routing_key: "a.b" });
  assert.equal(headers.expires, "2026-01-02T03:05:35+00:00");
});

test("only serializers that are accepted are read, by name or content type; pickle never", () => {
  const message = (serializer: string) => encodeTask({ queue: "q", name: "t", args: [1], serializer });
  const cases: [message: Envelope, accept: readonly string[] | undefined, reason: UndecodableReason | undefined][] = [
    [message("json"), undefined, undefined],
    [message("msgpack"), undefined, "content-not-accepted"],
    [message("yaml"), ["json", "msgpack"], "content-not-accepted"],
    [message("json"), ["yaml"], "content-not-accepted"],
    [message("json"), ["application/json"], undefined],
    [message("msgpack"), ["application/x-msgpack"], undefined],
    [message("yaml"), ["json", "yaml"], undefined],
    [{ ...message("json"), "content-type": "application/x-python-serialize" }, ["pickle", "json"], "pickle-refused"],
    [{ ...message("json"), "content-type": "text/plain" }, ["json", "text/plain"], "unsupported-content-type"],
  ];
  for (const [given, accept, reason] of cases) {
    const decode = () => decodeTask(given, accept ? { accept } : {});
    if (reason === undefined) assert.deepEqual(decode().args, [1]);
    else assert.throws(decode, (error) => error instanceof UndecodableMessage && error.reason === reason, reason);
  }
  assert.equal(unacceptable(["json", "application/x-yaml", "msgpack"]), undefined);
  assert.match(unacceptable(["json", "pickle"])!, /pickle is never read/);
  assert.match(unacceptable(["xml"])!, /no serializer "xml"/);
});

test("the next try of a protocol 1 message says so in its body, and keeps its serializer, compression and all it does not know", () => {
  const eta = new Date("2040-01-01T00:00:00.5Z");
  for (const [compression, kept] of [
    [undefined, undefined],
    ["zlib", "application/x-gzip"],
    ["zstd", "application/zstd"],
  ]) {
    for (const serializer of ["json", "msgpack", "yaml"]) {
      const first = withBody(
        { ...oldBody, mine: [{ deep: 2n ** 60n }] },
        { mine: 1 },
        { serializer, ...(compression && { compression }) },
      );
      first.headers.redelivered = true;
      const next = encodeRetry(first, "r", eta);
      const task = decodeTask(writeEnvelope(next), { accept: ["json", "msgpack", "yaml"] });
      assert.deepEqual([task.protocol, task.retries, task.eta, task.redelivered], [1, 2, eta, false]);
      assert.deepEqual([task.headers.mine, task.headers.compression, task.args], [1, kept, [1]]);
      assert.equal(next["content-type"], first["content-type"]);
      assert.deepEqual(next.properties.delivery_info, { exchange: "", routing_key: "r" });
      assert.notEqual(next.properties.delivery_tag, first.properties.delivery_tag);
      const once = decodeTask(writeEnvelope(encodeAgain(first, "r")), { accept: ["json", "msgpack", "yaml"] });
      assert.deepEqual([once.retries, once.eta?.toISOString()], [1, "2030-01-01T00:00:00.000Z"]);
    }
  }
});

test("the next try of a hybrid says so in its headers, which win; its body stays byte for byte", () => {
  const first = withBody(oldBody, { task: "some.task", id: "an-id", mine: 1 });
  const next = encodeRetry(first, "q", undefined);
  assert.equal(next.body, first.body);
  const task = decodeTask(writeEnvelope(next));
  assert.deepEqual([task.retries, task.eta, task.headers.mine], [1, undefined, 1]);
});

test("a body in a compression that is only read is tried again in another one", () => {
  const bzip2 =
    "QlpoOTFBWSZTWRha8RIAABebgFAEIBAACiSoHIogADFNMjExMQSp6U9IPTTU9QzoWIqJo6wX4TLA8tcascheliY39pV+LuSKcKEgMLXiJA==";
  const first = withBody(oldBody, {});
  const old = { ...first, body: bzip2, headers: { compression: "application/x-bz2" } };
  const next = encodeRetry(old, "q", undefined);
  assert.equal(next.headers.compression, "application/x-gzip");
  assert.deepEqual([decodeTask(old).retries, decodeTask(next).retries], [0, 1]);
});

/** A message with a body of protocol 1. */
function withBody(
  body: unknown,
  headers: Record<string, unknown>,
  how: { serializer?: string; compression?: string } = {},
): Envelope {
  const parts = encodeBody(body, how);
  return { ...encodeTask({ queue: "q", name: "t", id: "an-id" }), ...parts, headers: { ...headers, ...parts.headers } };
}

/** What does not depend on the protocol. */
function facts({ protocol, headers, envelope, argsrepr, kwargsrepr, origin, rootId, ...task }: DecodedTask): unknown {
  return JSON.parse(JSON.stringify(task));
}
