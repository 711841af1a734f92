import fc from "fast-check";
import { encodeBody } from "../../src/message/body.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import type { SerializerName } from "../../src/message/serializers.ts";
import { valuesFor } from "./arbitrary-values.ts";

/** Accepts whatever these messages are written in. */
export const acceptAll: readonly SerializerName[] = ["json", "msgpack", "yaml"];

/** A message that a worker with this task has to run, and what it says. */
export interface GoodMessage {
  /** As it lies in the queue. */
  raw: string;
  envelope: Envelope;
  id: string;
  protocol: 1 | 2;
  serializer: SerializerName;
  args: unknown[];
  kwargs: Record<string, unknown>;
}

const serializers = fc.constantFrom<SerializerName>("json", "msgpack", "yaml");
const compressions = fc.constantFrom(undefined, "zlib", "zstd", "brotli");
const shapes = fc.constantFrom("protocol 1", "protocol 2", "hybrid");

/**
 * Good messages of all protocols, serializers and compressions.
 *
 * @param task  name and queue that they are for, and what else is to be the same in all of them
 */
export function goodMessages(
  task: { name?: string; queue?: string; serializer?: SerializerName; id?: fc.Arbitrary<string> } = {},
): fc.Arbitrary<GoodMessage> {
  const { name = "some.task", queue = "q", id: ids = fc.uuid() } = task;
  const ours = fc
    .tuple(task.serializer ? fc.constant(task.serializer) : serializers, compressions, shapes, ids)
    .chain(([serializer, compression, shape, id]) => {
      const values = valuesFor[serializer];
      const kwargs = fc.dictionary(fc.string(), values, { maxKeys: 3 }).filter((object) => !("__type__" in object));
      return fc.tuple(fc.array(values, { maxLength: 3 }), kwargs).map(([args, given]): GoodMessage => {
        const how = compression === undefined ? { serializer } : { serializer, compression };
        const modern = encodeTask({ queue, name, id, args, kwargs: given, ...how });
        const envelope = shape === "protocol 2" ? modern : withOldBody(modern, { name, id, args, kwargs: given }, how);
        if (shape === "protocol 1") envelope.headers = onlyCompression(envelope.headers);
        const protocol = shape === "protocol 1" ? 1 : 2;
        return { raw: writeEnvelope(envelope), envelope, id, protocol, serializer, args, kwargs: given };
      });
    });
  if (task.serializer !== undefined && task.serializer !== "json") return ours;
  const pythons = ids.map((id) => inBzip2({ name, queue, id }));
  return fc.oneof({ weight: 20, arbitrary: ours }, { weight: 1, arbitrary: pythons });
}

/** Nothing here writes bzip2 or lzma: the body is one of Python's. */
function inBzip2(task: { name: string; queue: string; id: string }): GoodMessage {
  const said = { args: [1, "two"], kwargs: { three: 3 } };
  const modern = encodeTask({ ...task, ...said });
  const body =
    "QlpoOTFBWSZTWQ26Hp4AABKbgFAEKBAACj5tnoogAFQlRoEHoIA9Bpop6gGJp5QCgOgI3nk1j3NCZTb61nqgVlwuIjvXFJDXLOPJITD90Hp9YG325RWKnoW1GXIu5IpwoSAbdD08";
  const envelope = { ...modern, body, headers: { ...modern.headers, compression: "application/x-bz2" } };
  return { raw: writeEnvelope(envelope), envelope, id: task.id, protocol: 2, serializer: "json", ...said };
}

/**
 * Anything that may lie in a queue: noise, JSON of all kinds, and good messages with something wrong in their text, their
 * body's bytes, or the type of a field. Some of them can be read all the same.
 *
 * @param task  as for {@link goodMessages}, whose messages are damaged
 */
export function queueTexts(task: Parameters<typeof goodMessages>[0] = {}): fc.Arbitrary<string> {
  const good = goodMessages(task);
  return fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 3, arbitrary: damagedTexts(good.map(({ raw }) => raw)) },
    { weight: 4, arbitrary: damagedBodies(good) },
    { weight: 3, arbitrary: otherBodies(good) },
    { weight: 4, arbitrary: oddFields(good) },
    { weight: 2, arbitrary: swappedLabels(good) },
    { weight: 2, arbitrary: good.map(({ raw }) => raw) },
  );
}

function withOldBody(
  modern: Envelope,
  { name, id, args, kwargs }: { name: string; id: string; args: unknown[]; kwargs: Record<string, unknown> },
  how: { serializer: SerializerName; compression?: string },
): Envelope {
  const body = encodeBody(
    {
      ...{
        task: name,
        id,
        args,
        kwargs,
        group: null,
        group_index: null,
        retries: 0,
        eta: null,
        expires: null,
        utc: true,
      },
      ...{ callbacks: null, errbacks: null, timelimit: [null, null], taskset: null, chord: null },
    },
    how,
  );
  return { ...modern, ...body, headers: { ...modern.headers, ...body.headers } };
}

function onlyCompression({ compression }: Record<string, unknown>): Record<string, unknown> {
  return compression === undefined ? {} : { compression };
}

/** A few characters changed, left out, doubled or cut off. */
export function damagedTexts(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const instead = fc.constantFrom(
    "",
    "{",
    "}",
    '"',
    "\\",
    "[",
    "]",
    ",",
    ":",
    "null",
    "NaN",
    "9".repeat(30),
    "\u0000",
    "\\ud800",
  );
  const damage = fc.tuple(fc.nat(), fc.nat({ max: 3 }), instead);
  return fc.tuple(texts, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([text, damages]) =>
    damages.reduce((damaged, [place, length, other]) => {
      const at = place % (damaged.length + 1);
      return damaged.slice(0, at) + other + damaged.slice(at + length);
    }, text),
  );
}

/** Some bytes of the body changed, left out, doubled or cut off: inside of serializer and compression. */
function damagedBodies(good: fc.Arbitrary<GoodMessage>): fc.Arbitrary<string> {
  const damage = fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 4 }));
  return fc
    .tuple(good, fc.array(damage, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([message, damages, cut]) => {
      let bytes = Buffer.from(message.envelope.body, "base64");
      for (const [place, length, others] of damages) {
        const at = place % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), others, bytes.subarray(at + length)]);
        if (cut) bytes = bytes.subarray(0, at + 1);
      }
      return writeEnvelope({ ...message.envelope, body: bytes.toString("base64") });
    });
}

/** Any value, or any bytes, in the place of a body. */
function otherBodies(good: fc.Arbitrary<GoodMessage>): fc.Arbitrary<string> {
  return fc.oneof(
    fc
      .tuple(good, fc.uint8Array({ maxLength: 60 }))
      .map(([{ envelope }, bytes]) => writeEnvelope({ ...envelope, body: Buffer.from(bytes).toString("base64") })),
    fc.tuple(good, valuesFor.msgpack).map(([{ envelope, serializer }, value]) => {
      const body = encodeBody(value, { serializer });
      return writeEnvelope({
        ...envelope,
        ...body,
        headers: { ...envelope.headers, compression: null },
      });
    }),
  );
}

/** A header, a property or a member of an old body with a value that does not belong there. */
function oddFields(good: fc.Arbitrary<GoodMessage>): fc.Arbitrary<string> {
  const headers = fc.constantFrom(
    ...["task", "id", "eta", "expires", "retries", "timelimit", "root_id", "group", "group_index", "stamps", "shadow"],
    ...[
      "stamped_headers",
      "argsrepr",
      "origin",
      "replaced_task_nesting",
      "compression",
      "ignore_result",
      "redelivered",
    ],
  );
  const properties = fc.constantFrom(
    ...["correlation_id", "reply_to", "priority", "body_encoding", "delivery_tag", "delivery_info", "delivery_mode"],
  );
  const parts = fc.constantFrom("body", "headers", "properties", "content-type", "content-encoding");
  const values = fc.oneof(
    valuesFor.json,
    fc.constantFrom(-1, 1e300, "2026-13-45", "", [], {}, [1], ["x"], [-1, null], { x: 1 }),
  );
  const changed = (owner: object, name: string, value: unknown) => ({ ...owner, [name]: value });
  return fc.oneof(
    fc
      .tuple(good, headers, values)
      .map(([{ envelope }, name, value]) =>
        writeEnvelope({ ...envelope, headers: changed(envelope.headers, name, value) as Envelope["headers"] }),
      ),
    fc
      .tuple(good, properties, values)
      .map(([{ envelope }, name, value]) =>
        writeEnvelope({ ...envelope, properties: changed(envelope.properties, name, value) as Envelope["properties"] }),
      ),
    fc
      .tuple(good, parts, values)
      .map(([{ envelope }, name, value]) => writeEnvelope(changed(envelope, name, value) as unknown as Envelope)),
  );
}

/** What says how to read a body says something else. */
function swappedLabels(good: fc.Arbitrary<GoodMessage>): fc.Arbitrary<string> {
  const types = fc.constantFrom(
    ...[
      "application/json",
      "application/x-msgpack",
      "application/x-yaml",
      "application/x-python-serialize",
      "text/plain",
    ],
  );
  const compression = fc.constantFrom(
    ...[
      "application/x-gzip",
      "application/x-bz2",
      "application/zstd",
      "application/x-brotli",
      "application/x-lzma",
      "x",
    ],
  );
  return fc.oneof(
    fc.tuple(good, types).map(([{ envelope }, type]) => writeEnvelope({ ...envelope, "content-type": type })),
    fc
      .tuple(good, compression)
      .map(([{ envelope }, other]) =>
        writeEnvelope({ ...envelope, headers: { ...envelope.headers, compression: other } }),
      ),
  );
}
