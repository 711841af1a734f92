import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import type { Broker, QueueDeclaration } from "../../src/broker/broker.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { pythonLog, startPythonWorker } from "../interop/python-peer.ts";
import { scanFromPython, until } from "../interop/scan.ts";
import { aTask, popOne } from "./broker.conformance.ts";
import { startKombuPeer } from "./kombu-peer.ts";
import { type RedisWorld, startRedisWorld } from "./redis-world.ts";

const skip = without("redis-server", "python3-celery");
const it = (story: string, tell: (world: RedisWorld, t: TestContext) => Promise<void>) =>
  test(story, { skip, timeout: 180_000 }, async (t) => await tell(await startRedisWorld(t), t));

for (const [kind, options, ours] of [
  ["as kombu has it", {}, {}],
  [
    "with a prefix, a separator and steps of one's own",
    { global_keyprefix: "site:", sep: ":", priority_steps: [0, 5], fanout_prefix: "/mine{db}." },
    { globalKeyPrefix: "site:", separator: ":", prioritySteps: [0, 5], fanoutPrefix: "/mine{db}." },
  ],
  [
    "without a prefix or patterns of channels",
    { fanout_prefix: false, fanout_patterns: false },
    { fanoutPrefix: false, fanoutPatterns: false },
  ],
] as const) {
  it(`exchanges of every kind lead from Python to us and back, ${kind}`, async (world, t) => {
    const python = await startKombuPeer(t, world.server.url, options);
    const broker = await world.open(ours);
    for (const [type, bindingKey, key] of [
      ["direct", "red", "red"],
      ["topic", "logs.*.error", "logs.db.error"],
      ["fanout", "", ""],
    ] as const) {
      const declaration = queue(type, `${type}-jobs`, `our-${type}`, bindingKey);
      await broker.declare([declaration]);
      await broker.pop([declaration.name]);
      await python.tell({
        do: "publish",
        type,
        exchange: declaration.exchange,
        key,
        body: { from: "python" },
        priority: 6,
      });
      assert.deepEqual(await bodyOf(broker, declaration.name), { from: "python" }, `${type} to us`);

      const theirs = { type, exchange: `${type}-their-jobs`, key: bindingKey, queue: `their-${type}` };
      await python.tell({ do: "consume", ...theirs });
      await broker.declare([queue(type, theirs.exchange, theirs.queue, bindingKey)]);
      await broker.publish({ exchange: theirs.exchange, routingKey: key }, aMessage({ from: type }));
      assert.deepEqual(await python.tell({ do: "take" }), { from: type }, `${type} to Python`);
    }
  });
}

it("topics lead us exactly where they lead Python, whoever has declared them", async (world, t) => {
  const python = await startKombuPeer(t, world.server.url);
  const broker = await world.open();
  const bound = ["a.*", "a.#", "#", "#.b", "*", "*.b.*", "a.b", "a-b.(x)", "[a]", "ä.*", "..", "*.*.c", ""];
  for (const [i, key] of bound.entries()) {
    if (i % 2 === 0) await broker.declare([queue("topic", "events", `q${i}`, key)]);
    else await python.tell({ do: "declare", type: "topic", exchange: "events", key, queue: `q${i}` });
  }
  for (const key of ["a", "a.b", "a.b.c", "b", "", ".", "a.", ".b", "a-b.(x)", "[a]", "ä.b", "axx.b", "..", "a..c"]) {
    const expected = await python.tell({ do: "lookup", type: "topic", exchange: "events", key });
    await world.peer.del(...bound.map((_, i) => `q${i}`));
    await broker
      .publish({ exchange: "events", routingKey: key }, aTask())
      .catch(({ code }) => assert.equal(code, "CDT-UNROUTABLE"));
    const found = [];
    for (const i of bound.keys()) if ((await world.peer.llen(`q${i}`)) > 0) found.push(`q${i}`);
    assert.deepEqual(found.sort(), expected, `"${key}"`);
  }
});

it("a parked message is left alone by a Python worker with a visibility timeout of 1 s, which runs it once it is due", async (world, t) => {
  const broker = await world.open();
  const log = await pythonLog(t);
  const task = aTask({ id: "parked", name: "sleep", args: [0] });
  await broker.publish("q", task);
  const { tag } = await popOne(broker);
  await broker.park(tag, new Date(Date.now() + 3_600_000));
  const entry = await world.peer.hget("unacked", tag);
  await scanFromPython(t, world.server, { queue: "q", log, visibility: 1 });
  assert.equal(await world.peer.hget("unacked", tag), entry);
  assert.deepEqual(log.lines(), []);

  for (const set of ["unacked_index", "cdt:parked"]) await world.peer.zadd(set, 1, tag);
  assert.equal((await broker.restoreOrphans()).due, 1);
  await until("Python has run it", () => log.lines().includes("ended parked"));
});

it("app.control.ping hears our answer, which does not outlive its time", async (world, t) => {
  const python = await startKombuPeer(t, world.server.url);
  const broker = await world.open();
  const requests: Request[] = [];
  const asked = Promise.withResolvers<void>();
  await broker.listen({ exchange: "celery.pidbox", routingKey: "", queue: "celery@ours.celery.pidbox" }, (raw) => {
    requests.push(JSON.parse(Buffer.from(JSON.parse(raw).body, "base64").toString()));
    asked.resolve();
  });
  assert.deepEqual(await world.peer.smembers("_kombu.binding.celery.pidbox"), [
    "\x06\x16\x06\x16celery@ours.celery.pidbox",
  ]);
  const pinging = python.tell({ do: "ping" });
  await asked.promise;
  const { method, ticket, reply_to } = requests[0]!;
  assert.equal(method, "ping");
  const answer = aMessage({ "celery@ours": { ok: "pong" } }, { ticket, clock: 1 });
  assert.equal(await broker.answer(reply_to.exchange, reply_to.routing_key, answer, 10_000), true);
  assert.deepEqual(await pinging, [{ "celery@ours": { ok: "pong" } }]);

  await until("Python has taken its mailbox away", async () => {
    return !(await broker.answer(reply_to.exchange, reply_to.routing_key, answer, 10_000));
  });
  await world.peer.sadd(`_kombu.binding.${reply_to.exchange}`, "gone\x06\x16\x06\x16gone.list");
  assert.equal(await broker.answer(reply_to.exchange, "gone", answer, 10_000), true);
  const ttl = await world.peer.pttl("gone.list");
  assert.ok(ttl > 5_000 && ttl <= 10_000, `${ttl} ms`);
});

it("a Python worker's answer arrives in our mailbox", async (world, t) => {
  const broker = await world.open();
  await startPythonWorker(t, world.server, { queue: "q", log: await pythonLog(t) });
  const mailbox = await broker.openMailbox("reply.celery.pidbox", "our-oid");
  const request = {
    method: "ping",
    arguments: {},
    destination: null,
    ticket: "our ticket",
    reply_to: { exchange: "reply.celery.pidbox", routing_key: "our-oid" },
  };
  const ask = () => broker.broadcast("celery.pidbox", "", aMessage(request, { clock: 1, expires: 0 }));
  await until("the worker listens", async () => (await ask()) === 1);
  const answer = JSON.parse((await mailbox.receive(60_000, t.signal))!) as Envelope;
  assert.equal(answer.headers.ticket, "our ticket");
  const [pong] = Object.values(JSON.parse(Buffer.from(answer.body, "base64").toString()));
  assert.deepEqual(pong, { ok: "pong" });
  await mailbox.close();
  assert.deepEqual(await world.peer.exists("_kombu.binding.reply.celery.pidbox", "our-oid.reply.celery.pidbox"), 0);
});

interface Request {
  method: string;
  ticket: string;
  reply_to: { exchange: string; routing_key: string };
}

function queue(
  exchangeType: QueueDeclaration["exchangeType"],
  exchange: string,
  name: string,
  routingKey: string,
): QueueDeclaration {
  return { name, exchange, exchangeType, routingKey };
}

/** A message as kombu's producers send it, without Celery's headers. */
function aMessage(body: unknown, headers: Record<string, unknown> = {}): Envelope {
  return { ...aTask(), headers, body: Buffer.from(JSON.stringify(body)).toString("base64") };
}

async function bodyOf(broker: Broker, name: string): Promise<unknown> {
  await broker.wait([name], 60_000, AbortSignal.timeout(60_000));
  const { envelope, tag } = await popOne(broker, name);
  await broker.acknowledge(tag);
  return JSON.parse(Buffer.from(envelope!.body, "base64").toString());
}
