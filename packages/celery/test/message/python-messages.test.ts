import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { decodeTask } from "../../src/message/decode-task.ts";
import { encodeRetry, encodeTask } from "../../src/message/encode-task.ts";
import { writeEnvelope } from "../../src/message/envelope-text.ts";
import { acceptAll } from "./arbitrary-messages.ts";
import { askPython } from "./ask-python.ts";

/** An application of Python's Celery whose messages stay in memory, exactly as they would lie in Redis. */
const celery = `
import warnings
warnings.simplefilter("ignore")
from celery import Celery, chain, group
from kombu import compression
from kombu.transport.memory import Channel
from kombu.utils import json as kombu_json

app = Celery("peer", broker="memory://")
app.conf.task_default_queue = "q"

def sent(send, **conf):
    app.conf.update(conf)
    app.amqp = type(app.amqp)(app)
    send()
    return kombu_json.dumps(Channel.queues["q"].get(timeout=10))

def read(raw):
    """The message as a worker of Celery's gets it."""
    with app.connection_for_read() as connection:
        message = connection.default_channel.message_to_python(kombu_json.loads(raw))
        message.accept = {"application/json", "application/x-msgpack", "application/x-yaml"}
        return message

def names():
    return [name for name, kind in {"zlib": "application/x-gzip", "bzip2": "application/x-bz2",
        "lzma": "application/x-lzma", "brotli": "application/x-brotli", "zstd": "application/zstd"}.items()
        if kind in compression.encoders()]
`;

const args = [1, "two", [3.5, null, { deep: [true] }], "é€😀"];
const kwargs = { text: "it's", big: 2 ** 40, none: null };

test("what Python's Celery sends is read as it was meant: both protocols, all serializers and compressions", {
  skip: without("python3-celery", "python3-msgpack", "python3-yaml", "python3-zstandard", "python3-brotli"),
}, async () => {
  const messages = (await askPython(
    `${celery}
def one(protocol, serializer, compression):
    return [protocol, serializer, compression, sent(lambda: app.send_task("some.task", question[0], question[1],
        task_id="an-id", serializer=serializer, compression=compression, retries=2, priority=6, time_limit=20,
        soft_time_limit=10, expires=datetime.datetime(2031, 1, 1, tzinfo=datetime.timezone.utc), group_id="a-group",
        group_index=3, eta=datetime.datetime(2030, 1, 1, 0, 0, 0, 500000, tzinfo=datetime.timezone.utc), reply_to="back",
        link=[dict(app.signature("after"))], link_error=[dict(app.signature("on.error"))],
        chord=dict(app.signature("body"))),
        task_protocol=protocol)]

answer([one(protocol, serializer, compression) for protocol in (1, 2) for serializer in ("json", "msgpack", "yaml")
        for compression in [None, *names()]])`,
    [args, kwargs],
  )) as [1 | 2, string, string | null, string][];
  assert.ok(messages.length >= 2 * 3 * 4);
  for (const [protocol, serializer, compression, raw] of messages) {
    const what = `protocol ${protocol}, ${serializer}, ${compression}`;
    const task = decodeTask(raw, { accept: acceptAll });
    assert.deepEqual(plain([task.args, task.kwargs]), [args, kwargs], what);
    assert.deepEqual(
      [task.protocol, task.id, task.name, task.retries, task.priority],
      [protocol, "an-id", "some.task", 2, 6],
    );
    assert.deepEqual(task.timeLimits, [20, 10], what);
    assert.deepEqual(
      [task.eta, task.expires],
      [new Date("2030-01-01T00:00:00.5Z"), new Date("2031-01-01T00:00:00Z")],
      what,
    );
    assert.deepEqual(
      [task.groupId, task.groupIndex, task.replyTo, task.correlationId],
      ["a-group", 3, "back", "an-id"],
    );
    assert.deepEqual(plain(task.embed.callbacks).map(nameOf), ["after"], what);
    assert.deepEqual(plain(task.embed.errbacks).map(nameOf), ["on.error"], what);
    assert.equal(nameOf(task.embed.chord), "body", what);
    assert.equal(task.origin === undefined, protocol === 1, what);
    assert.equal(
      task.kwargsrepr,
      protocol === 1 ? undefined : "{'text': 'it\\'s', 'big': 1099511627776, 'none': None}",
    );
  }
});

test("naive times of an application without UTC are local time", { skip: without("python3-celery") }, async () => {
  const raw = (await askPython(
    `${celery}
answer(sent(lambda: app.send_task("some.task", eta=datetime.datetime(2030, 1, 1, 12)), task_protocol=1, enable_utc=False))`,
    null,
  )) as string;
  assert.deepEqual(decodeTask(raw).eta, new Date(2030, 0, 1, 12));
});

test("a chain of Python's is read with the steps that follow", { skip: without("python3-celery") }, async () => {
  const raw = (await askPython(
    `${celery}
answer(sent(lambda: chain(app.signature("one"), app.signature("two"), app.signature("three")).apply_async()))`,
    null,
  )) as string;
  const { name, embed } = decodeTask(raw);
  assert.deepEqual([name, plain(embed.chain).map(nameOf)], ["one", ["three", "two"]]);
});

test("ours are read by Python's kombu, in all serializers and compressions, and so are our retries of Python's", {
  skip: without("python3-celery", "python3-msgpack", "python3-yaml", "python3-zstandard", "python3-brotli"),
}, async () => {
  const ways = ["json", "msgpack", "yaml"].flatMap((serializer) =>
    [undefined, "zlib", "brotli", "zstd"].map((compression) => ({
      serializer,
      ...(compression && { compression }),
    })),
  );
  const task = { queue: "q", name: "some.task", id: "an-id", args, kwargs, retries: 1 };
  const ours = ways.map((way) => ({
    compression: way.compression,
    raw: writeEnvelope(encodeTask({ ...task, ...way })),
  }));
  const theirs = (await askPython(
    `${celery}
known = names()
answer({
    "ours": [None if one.get("compression") not in [None, *known] else [read(one["raw"]).headers, read(one["raw"]).payload]
             for one in question["ours"]],
    "old": [sent(lambda: app.send_task("some.task", question["args"], question["kwargs"], task_id="an-id",
            serializer=serializer, compression=compression), task_protocol=1)
            for serializer in ("json", "msgpack", "yaml") for compression in [None, *known]],
})`,
    { ours, args, kwargs },
  )) as { ours: ([Record<string, unknown>, unknown[]] | null)[]; old: string[] };
  const read = theirs.ours.filter((one) => one !== null);
  assert.ok(read.length >= 9);
  for (const [headers, [readArgs, readKwargs, embed]] of read) {
    assert.deepEqual([headers.task, headers.id, headers.retries], ["some.task", "an-id", 1]);
    assert.deepEqual(plain([readArgs, readKwargs]), [args, kwargs]);
    assert.deepEqual(plain(embed), { callbacks: null, errbacks: null, chain: null, chord: null });
  }

  const eta = new Date("2030-01-01T00:00:00.25Z");
  const retried = theirs.old.map((raw) =>
    writeEnvelope(encodeRetry(decodeTask(raw, { accept: acceptAll }).envelope, "q", eta)),
  );
  const again = (await askPython(
    `${celery}
answer([[read(raw).payload, read(raw).content_type] for raw in question])`,
    retried,
  )) as [Record<string, unknown>, string][];
  for (const [i, [body, contentType]] of again.entries()) {
    assert.deepEqual(
      [body.task, body.id, body.retries, body.eta],
      ["some.task", "an-id", 1, "2030-01-01T00:00:00.250000+00:00"],
    );
    assert.deepEqual(plain([body.args, body.kwargs]), [args, kwargs]);
    assert.equal(contentType, decodeTask(theirs.old[i]!, { accept: acceptAll }).envelope["content-type"]);
  }
});

/** The same with ordinary objects, to be compared. */
function plain<T>(value: T): NonNullable<T> {
  return JSON.parse(JSON.stringify(value));
}

function nameOf(signature: unknown): unknown {
  return (signature as { task?: unknown }).task;
}
