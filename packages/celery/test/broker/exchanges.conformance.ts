import assert from "node:assert/strict";
import type { Broker, QueueDeclaration } from "../../src/broker/broker.ts";
import { encodeRetry } from "../../src/message/encode-task.ts";
import { aTask, popAll, popOne, type StartWorld, storiesOf } from "./broker.conformance.ts";

/** What every broker knows of exchanges, and how it listens and answers. `skip` says why it cannot be tried. */
export function exchangesConformance(kind: string, startWorld: StartWorld, skip: string | false = false): void {
  const it = storiesOf(kind, startWorld, skip);

  it("a direct exchange leads to every queue bound for the routing key", async (world) => {
    const [consumer, producer] = [await world.open(), await world.open()];
    const bound = (name: string, routingKey: string) => queue("direct", "jobs", name, routingKey);
    await consumer.declare([bound("a", "red"), bound("b", "red"), bound("c", "blue"), "plain"]);
    await producer.publish({ exchange: "jobs", routingKey: "red" }, aTask({ id: "1", priority: 6 }));
    await producer.publish({ exchange: "jobs", routingKey: "blue" }, aTask({ id: "2" }));
    await producer.publish({ exchange: "plain", routingKey: "plain" }, aTask({ id: "3" }));
    const found = [];
    for (const name of ["a", "b", "c", "plain"]) found.push(await popAll(consumer, [name]));
    assert.deepEqual(found, [["1"], ["1"], ["2"], ["3"]]);
  });

  it("a topic exchange leads where kombu's patterns lead, to each queue once", async (world) => {
    const broker = await world.open();
    const keys = {
      star: "logs.*.error",
      all: "#",
      hash: "logs.#",
      plain: "logs.db.error",
      odd: "a-b.(c)+.*",
      late: "*.error",
    };
    await broker.declare(Object.entries(keys).map(([name, key]) => queue("topic", "events", name, key)));
    await broker.declare([queue("topic", "events", "hash", "logs.#")]);
    const led: [routingKey: string, to: string[]][] = [
      ["logs.db.error", ["all", "hash", "late", "plain", "star"]],
      // kombu's star stands for more than one word.
      ["logs.db.disk.error", ["all", "hash", "late", "star"]],
      ["logs..error", ["all", "hash"]],
      ["logs", ["all"]],
      ["logs.", ["all", "hash"]],
      ["a-b.(c)+.x", ["all", "odd"]],
      ["a-b.cc.x", ["all"]],
      ["", ["all"]],
    ];
    for (const [routingKey, to] of led) {
      await broker.publish({ exchange: "events", routingKey }, aTask({ id: routingKey }));
      const got = [];
      for (const name of Object.keys(keys).sort()) if ((await popAll(broker, [name])).length > 0) got.push(name);
      assert.deepEqual(got, to, `"${routingKey}"`);
    }
  });

  it("what leads nowhere is refused with a code, alone among what is sent in the same turn", async (world) => {
    const broker = await world.open();
    await broker.declare([queue("direct", "jobs", "a", "red")]);
    const sent = await Promise.allSettled([
      broker.publish({ exchange: "jobs", routingKey: "red" }, aTask({ id: "1" })),
      broker.publish({ exchange: "jobs", routingKey: "green" }, aTask({ id: "2" })),
      broker.publish({ exchange: "nothing", routingKey: "red" }, aTask({ id: "3" })),
      broker.publish("a", aTask({ id: "4" })),
    ]);
    assert.deepEqual(
      sent.map((one) => (one.status === "rejected" ? one.reason.code : "sent")),
      ["sent", "CDT-UNROUTABLE", "CDT-UNROUTABLE", "sent"],
    );
    assert.deepEqual(await popAll(broker, ["a"]), ["1", "4"]);
  });

  it("everybody who consumes from a fanout exchange gets a copy, beside the other queues", async (world, t) => {
    const [one, other, producer] = [await world.open(), await world.open(), await world.open()];
    const news = (name: string) => queue("fanout", "news", name, "");
    await one.declare([news("one"), "q"]);
    await other.declare([news("other")]);
    await producer.declare([news("producer")]);
    await Promise.all([one.pop(["one", "q"]), other.pop(["other"])]);
    await producer.publish("q", aTask({ id: "stored" }));
    const woken = [one, other].map((broker, i) => broker.wait([["one", "other"][i]!], 60_000, t.signal));
    await producer.publish({ exchange: "news", routingKey: "" }, aTask({ id: "copy" }));
    await Promise.all(woken);
    assert.deepEqual((await popAll(one, ["one", "q"])).sort(), ["copy", "stored"]);
    assert.deepEqual(await popAll(other, ["other"]), ["copy"]);
    assert.deepEqual(await producer.pop(["producer"]), [], "who did not consume missed it");
  });

  it("a copy from a fanout exchange is settled with the same calls, for this consumer alone", async (world) => {
    const [broker, producer] = [await world.open(), await world.open()];
    const declaration = queue("fanout", "news", "mine", "");
    await broker.declare([declaration]);
    await producer.declare([declaration]);
    await broker.pop(["mine"]);
    const next = () => nextFrom(broker, "mine");
    const publish = (id: string) => producer.publish({ exchange: "news", routingKey: "" }, aTask({ id }));

    await publish("a");
    const first = await next();
    assert.deepEqual([...(await broker.renew([first.tag]))], [[first.tag, "RENEWED"]]);
    assert.equal(await broker.requeue(first.tag, { death: true }), "DONE");
    const again = await next();
    assert.deepEqual([again.envelope?.headers.id, again.redelivered, again.deaths], ["a", true, 1]);
    assert.equal(await broker.retry(again.tag, "mine", encodeRetry(again.envelope!, "mine", undefined)), "DONE");
    const retried = await next();
    assert.deepEqual([retried.envelope?.headers.id, retried.envelope?.headers.retries], ["a", 1]);
    assert.equal(await broker.acknowledge(retried.tag), "DONE");
    assert.equal(await broker.acknowledge(retried.tag), "LOST");

    await publish("b");
    const second = await next();
    assert.equal(await broker.park(second.tag, new Date(world.now() + 50)), "DONE");
    assert.deepEqual(await broker.pop(["mine"]), []);
    const waiting = await broker.restoreOrphans();
    assert.equal(waiting.due, 0);
    assert.ok(waiting.nextDue !== undefined);
    await world.elapse(100);
    assert.equal((await broker.restoreOrphans()).due, 1);
    const due = await next();
    assert.deepEqual([due.raw, due.redelivered], [second.raw, false]);
    assert.equal(await broker.deadLetter(due.tag, "unknown-task", "nobody knows it"), "DONE");
    assert.deepEqual(
      (await broker.deadLetters()).map(({ queue: from, reason, raw }) => [from, reason, raw]),
      [["mine", "unknown-task", due.raw]],
    );
  });

  it("a fanout queue that is consumed no more gets nothing, and costs nothing", async (world) => {
    const [broker, producer] = [await world.open(), await world.open()];
    await broker.declare([queue("fanout", "news", "mine", "")]);
    await broker.pop(["mine"]);
    await broker.undeclare(["mine"]);
    assert.equal(await producer.broadcast("news", "", aTask()), 0);
  });

  it("who listens hears what is broadcast for its routing key, with a number sign for all", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    const heard: string[] = [];
    const note = (name: string) => (raw: string) => heard.push(`${name} ${JSON.parse(raw).headers.id}`);
    const listening = await Promise.all([
      one.listen({ exchange: "events", routingKey: "task.multi", queue: "one" }, note("exact")),
      other.listen({ exchange: "events", routingKey: "#", queue: "two" }, note("all")),
      one.listen({ exchange: "events", routingKey: "worker.#", queue: "three" }, note("worker")),
    ]);
    const sent = [];
    for (const key of ["task.multi", "worker.online", "task.sent", ""]) {
      sent.push(await one.broadcast("events", key, aTask({ id: key })));
    }
    await one.broadcast("elsewhere", "task.multi", aTask({ id: "elsewhere" }));
    // The last one has come: so have those before it.
    while (!heard.includes("all task.sent")) await new Promise(setImmediate);
    const expected = [
      "exact task.multi",
      "all task.multi",
      "all worker.online",
      "worker worker.online",
      "all task.sent",
    ];
    assert.deepEqual(heard.filter((line) => line !== "all ").sort(), expected.sort());
    assert.deepEqual(sent.slice(0, 3), [2, 2, 1]);
    await Promise.all(listening.map((one) => one.stop()));
    assert.equal(await other.broadcast("events", "task.multi", aTask()), 0);
  });

  it("answers arrive in the mailbox of who asked, in their order, and nowhere when it is closed", async (world, t) => {
    const [asker, worker] = [await world.open(), await world.open()];
    const mailbox = await asker.openMailbox("reply.celery.pidbox", "oid");
    const other = await asker.openMailbox("reply.celery.pidbox", "other");
    const answer = (id: string) => worker.answer("reply.celery.pidbox", "oid", aTask({ id }), 10_000);
    const idOf = (raw: string | undefined) => raw && JSON.parse(raw).headers.id;

    const receiving = mailbox.receive(60_000, t.signal);
    assert.equal(await answer("1"), true);
    assert.equal(idOf(await receiving), "1");
    assert.equal(await mailbox.receive(20), undefined);
    const abort = new AbortController();
    const given = mailbox.receive(60_000, abort.signal);
    abort.abort();
    assert.equal(await given, undefined);
    for (const id of ["2", "3"]) assert.equal(await answer(id), true);
    assert.deepEqual([idOf(await mailbox.receive(60_000)), idOf(await mailbox.receive(60_000))], ["2", "3"]);
    assert.equal(await other.receive(1), undefined);

    const last = mailbox.receive(60_000);
    await mailbox.close();
    assert.equal(await last, undefined);
    assert.equal(await answer("4"), false);
    assert.equal(await worker.answer("reply.celery.pidbox", "other", aTask(), 10_000), true);
    await other.close();
  });
}

function queue(
  exchangeType: QueueDeclaration["exchangeType"],
  exchange: string,
  name: string,
  routingKey: string,
): QueueDeclaration {
  return { name, exchange, exchangeType, routingKey };
}

/** The next message of a queue, as soon as it has come. */
async function nextFrom(broker: Broker, name: string) {
  await broker.wait([name], 60_000, AbortSignal.timeout(60_000));
  return await popOne(broker, name);
}
