import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import type { Broker, Delivery } from "../../src/broker/broker.ts";
import { encodeRetry, encodeTask, type TaskToSend } from "../../src/message/encode-task.ts";

/** One place where messages lie, seen through several brokers; made anew for every test. */
export interface BrokerWorld {
  /** A connected broker, closed when the test ends. The lease is in ms, 60,000 by default. */
  open(options?: { lease?: number }): Promise<Broker>;
  /** Makes the place take the lease for ended, while its holder's own clock does not. */
  endLease(tag: string): Promise<void>;
  /** Lets time pass, for the place and for all holders. */
  elapse(ms: number): Promise<void>;
  /** The present by the place's clock. */
  now(): number;
  /** Loses all memory. */
  flush(): Promise<void>;
  /** Puts any text at the tail of a queue. */
  pushRaw(queue: string, raw: string): Promise<void>;
}

export type StartWorld = (scope: Scope) => Promise<BrokerWorld>;

/** Makes tests of stories, each in a world of its own. */
export function storiesOf(kind: string, startWorld: StartWorld, skip: string | false) {
  return (story: string, tell: (world: BrokerWorld, t: TestContext) => Promise<void>) =>
    test(`${kind}: ${story}`, { skip, timeout: 120_000 }, async (t) => await tell(await startWorld(t), t));
}

/** How every broker takes messages, holds them and settles them. `skip` says why it cannot be tried. */
export function brokerConformance(kind: string, startWorld: StartWorld, skip: string | false = false): void {
  const it = storiesOf(kind, startWorld, skip);

  it("messages of one priority leave in the order in which they came", async (world) => {
    const broker = await world.open();
    for (const id of ["a", "b", "c"]) await broker.publish("q", aTask({ id }));
    assert.deepEqual(await popAll(broker), ["a", "b", "c"]);
    assert.deepEqual(await broker.pop(["q"]), []);
  });

  it("priority 0 goes first, then 3, 6 and 9; what lies between is rounded down; priority wins over queue", async (world) => {
    const broker = await world.open();
    for (const priority of [9, 5, 0, 8, 3, 2, 15, -1]) {
      await broker.publish("q", aTask({ id: `q${priority}`, priority }));
    }
    await broker.publish("r", aTask({ id: "r0", priority: 0, queue: "r" }));
    const order = await popAll(broker, ["q", "r"]);
    assert.deepEqual(order, ["q0", "q2", "q-1", "r0", "q5", "q3", "q8", "q9", "q15"]);
  });

  it("many are taken at once, priority before queue; when asked for, a queue that gave one lets the others pass", async (world) => {
    const broker = await world.open();
    const fill = async () => {
      for (const id of ["q1", "q2", "q3"]) await broker.publish("q", aTask({ id }));
      for (const id of ["r1", "r2"]) await broker.publish("r", aTask({ id }));
      await broker.publish("r", aTask({ id: "r low", priority: 9 }));
    };
    const take = async (max: number, rotate: boolean) => {
      const deliveries = await broker.pop(["q", "r"], { max, rotate });
      for (const { tag } of deliveries) assert.equal(await broker.acknowledge(tag), "DONE");
      return deliveries.map(({ envelope, queue }) => `${envelope?.headers.id} of ${queue}`);
    };
    await fill();
    assert.deepEqual(await take(4, false), ["q1 of q", "q2 of q", "q3 of q", "r1 of r"]);
    assert.deepEqual(await take(10, false), ["r2 of r", "r low of r"]);
    await fill();
    assert.deepEqual(await take(4, true), ["q1 of q", "r1 of r", "q2 of q", "r2 of r"]);
    assert.deepEqual(await take(10, true), ["q3 of q", "r low of r"]);
    assert.deepEqual(await take(10, true), []);
  });

  it("what is published and acknowledged in one turn keeps its order, and each gets its own answer", async (world) => {
    const broker = await world.open();
    const ids = Array.from({ length: 130 }, (_, i) => `task ${i}`);
    await Promise.all(ids.map((id) => broker.publish("q", aTask({ id }))));
    const deliveries = await broker.pop(["q"], { max: 130 });
    assert.deepEqual(
      deliveries.map(({ envelope }) => envelope?.headers.id),
      ids,
    );
    const tags = deliveries.map(({ tag }) => tag);
    await world.endLease(tags[3]!);
    assert.equal((await broker.restoreOrphans()).restored, 1);
    const answers = await Promise.all([...tags, tags[0]!, "unknown"].map((tag) => broker.acknowledge(tag)));
    assert.deepEqual(
      answers.map((answer, i) => (answer === "LOST" ? i : -1)).filter((i) => i >= 0),
      [3, 130, 131],
    );
    assert.equal((await broker.inspect("q")).unacked.count, 0);
  });

  it("deaths are counted for ended leases and when told so, whoever takes the message next", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    await one.publish("q", aTask({ id: "a" }));
    const first = await popOne(one);
    assert.equal(first.deaths, 0);
    await world.endLease(first.tag);
    await other.restoreOrphans();
    const second = await popOne(other);
    assert.deepEqual([second.deaths, second.redelivered], [1, true]);
    await other.requeue(second.tag);
    const third = await popOne(one);
    assert.equal(third.deaths, 1, "to be given back is no death");
    await one.requeue(third.tag, { death: true });
    const fourth = await popOne(one);
    assert.deepEqual([fourth.deaths, fourth.envelope?.headers.id], [2, "a"]);
    assert.equal(fourth.envelope?.body, first.envelope?.body);
  });

  it("a popped message comes as it was sent, and to nobody else", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    const sent = aTask({ id: "a", args: [1, [], {}], kwargs: { n: { deep: [] } }, headers: { mine: [{}, [], 1e300] } });
    await one.publish("q", sent);
    const delivery = await popOne(other);
    assert.equal(delivery.raw, JSON.stringify(sent));
    assert.equal(JSON.stringify(delivery.envelope), delivery.raw);
    assert.deepEqual([delivery.queue, delivery.redelivered], ["q", false]);
    assert.deepEqual(await one.pop(["q"]), []);
    assert.deepEqual(await other.pop(["q"]), []);
  });

  it("an acknowledged message is gone, and can be acknowledged once", async (world) => {
    const broker = await world.open();
    await broker.publish("q", aTask());
    const { tag } = await popOne(broker);
    assert.equal(await broker.acknowledge(tag), "DONE");
    assert.equal(await broker.acknowledge(tag), "LOST");
    await world.elapse(10);
    assert.equal((await broker.restoreOrphans()).restored, 0);
    assert.deepEqual((await broker.inspect("q")).unacked, { count: 0, atLeast: false });
  });

  it("a requeued message is the next one popped, with both flags, whatever came meanwhile", async (world) => {
    const broker = await world.open();
    for (const id of ["a", "b"]) await broker.publish("q", aTask({ id, priority: 3 }));
    const first = await popOne(broker);
    await broker.publish("q", aTask({ id: "c", priority: 3 }));
    assert.equal(await broker.requeue(first.tag), "DONE");
    const again = await popOne(broker);
    assert.equal(again.envelope?.headers.id, "a");
    assert.equal(again.redelivered, true);
    assert.equal(again.envelope.headers.redelivered, true);
    assert.equal(again.envelope.properties.delivery_info.redelivered, true);
    assert.equal(again.envelope.body, first.envelope?.body);
    assert.deepEqual(await popAll(broker), ["b", "c"]);
  });

  it("a retry publishes the next try and settles this one", async (world) => {
    const broker = await world.open();
    await broker.publish("q", aTask({ id: "a" }));
    const first = await popOne(broker);
    assert.equal(await broker.retry(first.tag, "q", encodeRetry(first.envelope!, "q", undefined)), "DONE");
    const next = await popOne(broker);
    assert.deepEqual([next.envelope?.headers.id, next.envelope?.headers.retries, next.redelivered], ["a", 1, false]);
    assert.notEqual(next.tag, first.tag);
    assert.equal((await broker.inspect("q")).unacked.count, 1);
  });

  it("a renewed lease goes on, and an ended one is given back to be popped next, oldest first", async (world) => {
    const [holder, finder] = [await world.open(), await world.open()];
    for (const id of ["a", "b", "c"]) await holder.publish("q", aTask({ id }));
    const [a, b, c] = [await popOne(holder), await popOne(holder), await popOne(holder)];
    await holder.publish("q", aTask({ id: "d" }));
    for (const { tag } of [a, b, c]) await world.endLease(tag);
    assert.deepEqual(
      [...(await holder.renew([a.tag, b.tag]))],
      [
        [a.tag, "RENEWED"],
        [b.tag, "RENEWED"],
      ],
    );
    assert.equal((await finder.restoreOrphans()).restored, 1);
    await world.endLease(a.tag);
    await world.elapse(5);
    await world.endLease(b.tag);
    assert.equal((await finder.restoreOrphans()).restored, 2);
    assert.equal((await finder.restoreOrphans()).restored, 0);
    assert.deepEqual(await popAll(finder), ["a", "b", "c", "d"]);
  });

  it("who has lost a message to another holder is told so, and touches nothing", async (world) => {
    const [slow, other] = [await world.open(), await world.open()];
    const settlings: [string, (tag: string) => Promise<unknown>][] = [
      ["renew", async (tag) => (await slow.renew([tag])).get(tag)],
      ["acknowledge", (tag) => slow.acknowledge(tag)],
      ["requeue", (tag) => slow.requeue(tag)],
      ["park", (tag) => slow.park(tag, new Date(world.now()))],
      ["retry", (tag) => slow.retry(tag, "q", aTask({ id: "never" }))],
      ["dead-letter", (tag) => slow.deadLetter(tag, "reason", "text")],
    ];
    for (const [name, act] of settlings) {
      await slow.publish("q", aTask({ id: name }));
      const { tag } = await popOne(slow);
      await world.endLease(tag);
      assert.equal((await other.restoreOrphans()).restored, 1);
      const taken = await popOne(other);
      assert.equal(taken.envelope?.headers.id, name, "it is the same message");
      assert.equal(await act(tag), "LOST", name);
      assert.equal((await other.renew([taken.tag])).get(taken.tag), "RENEWED", `${name} left the other's entry`);
      assert.equal(await other.acknowledge(taken.tag), "DONE");
      assert.deepEqual(await other.pop(["q"]), [], `${name} published nothing`);
    }
    assert.deepEqual(await other.deadLetters(), []);
  });

  it("a lease older than its length is lost without asking; the message is given back", async (world) => {
    const [slow, other] = [await world.open({ lease: 100 }), await world.open()];
    await slow.publish("q", aTask({ id: "a" }));
    const { tag } = await popOne(slow);
    await world.elapse(150);
    assert.equal(await slow.acknowledge(tag), "LOST");
    assert.deepEqual([...(await slow.renew([tag]))], [[tag, "LOST"]]);
    assert.equal((await other.inspect("q")).unacked.count, 1, "nothing was touched");
    assert.equal((await other.restoreOrphans()).restored, 1);
    assert.deepEqual(await popAll(other), ["a"]);
  });

  it("what is no message at all can be popped, given back and put aside, and the next good one comes", async (world) => {
    const broker = await world.open();
    const odd = [
      "{}",
      "no JSON {",
      "",
      "[1]",
      '"text"',
      '{"headers":[],"properties":{}}',
      'quotes " \\ and é\u0001',
      "null",
    ];
    for (const raw of odd) await world.pushRaw("q", raw);
    await broker.publish("q", aTask({ id: "good" }));
    for (const raw of odd) {
      const first = await popOne(broker);
      assert.deepEqual([first.raw, first.envelope], [raw, undefined]);
      assert.equal(await broker.requeue(first.tag), "DONE");
      const again = await popOne(broker);
      assert.equal(again.raw, raw);
      assert.equal(await broker.deadLetter(again.tag, "malformed", `bad: ${raw}`), "DONE");
    }
    assert.deepEqual(await popAll(broker), ["good"]);
    const letters = await broker.deadLetters();
    assert.deepEqual(
      letters.map(({ raw }) => raw),
      odd.toReversed(),
    );
    assert.deepEqual(
      { ...letters[0], at: "" },
      { id: letters[0]!.id, reason: "malformed", text: "bad: null", queue: "q", at: "", raw: "null" },
    );
    assert.ok(Math.abs(Date.parse(letters[0]!.at) - Date.now()) < 60_000);
    assert.equal((await broker.deadLetters(2)).length, 2);
  });

  it("waiting ends when a message comes to any list of any queue, takes nothing, and wakes all who wait", async (world, t) => {
    const [one, other] = [await world.open(), await world.open()];
    for (const [queue, priority] of [
      ["q", 0],
      ["r", 9],
    ] as const) {
      const waits = [one, one, other].map((broker) => broker.wait(["q", "r"], 60_000, t.signal));
      await one.publish(queue, aTask({ queue, priority }));
      await Promise.all(waits);
      assert.deepEqual([(await one.inspect(queue)).waiting, (await one.inspect(queue)).unacked.count], [1, 0]);
      await one.wait(["q", "r"], 60_000, t.signal);
      assert.equal(await one.acknowledge((await popOne(other, queue)).tag), "LOST");
    }
  });

  it("waiting ends with its timeout, with its signal, and when the broker is closed", async (world, t) => {
    const broker = await world.open();
    await broker.wait(["q"], 20, t.signal);
    const abort = new AbortController();
    const waits = [broker.wait(["q"], 60_000, abort.signal), broker.wait(["q"], 60_000, t.signal)];
    abort.abort();
    await waits[0];
    await broker.wait(["q"], 60_000, abort.signal);
    await broker.close();
    await waits[1];
  });

  it("inspect counts what waits, what is held and what is scheduled, and knows bindings, consumers and age", async (world) => {
    const [broker, other] = [await world.open(), await world.open()];
    assert.deepEqual(await broker.inspect("q"), {
      queue: "q",
      waiting: 0,
      unacked: { count: 0, atLeast: false },
      scheduled: 0,
      bound: false,
      consumers: 0,
      oldestAge: undefined,
    });
    await broker.declare(["q", "r"]);
    for (const priority of [0, 4, 9]) await broker.publish("q", aTask({ priority }));
    await broker.publish("q", aTask({ priority: 0, countdown: 3600 }));
    await broker.publish("r", aTask({ queue: "r" }));
    for (const queue of ["q", "q", "r"]) await popOne(other, queue);
    await broker.announce("one", ["q", "r"], 60_000);
    await broker.announce("two", ["q"], 60_000);
    await broker.announce("gone soon", ["q"], 5);
    await world.elapse(50);
    const { oldestAge, ...state } = await other.inspect("q");
    assert.deepEqual(state, {
      queue: "q",
      waiting: 2,
      unacked: { count: 2, atLeast: false },
      scheduled: 1,
      bound: true,
      consumers: 2,
    });
    assert.ok(oldestAge !== undefined && oldestAge > 0 && oldestAge < 120, String(oldestAge));
    await world.pushRaw("q", JSON.stringify({ ...aTask(), headers: { task: "t", id: "from python" } }));
    const takesHigh = await popOne(other);
    assert.equal(takesHigh.envelope?.headers.id, "from python");
    assert.equal(await other.requeue(takesHigh.tag), "DONE");
    assert.equal((await other.inspect("q")).oldestAge, undefined, "one of the oldest does not say when it was sent");
  });

  it("consumers count while they are announced, for the queues they named last", async (world) => {
    const broker = await world.open();
    await broker.announce("one", ["q", "r"], 60_000);
    await broker.announce("two", ["q"], 60_000);
    await broker.announce("one", ["r"], 60_000);
    assert.deepEqual([(await broker.inspect("q")).consumers, (await broker.inspect("r")).consumers], [1, 1]);
    await broker.withdraw("two");
    assert.equal((await broker.inspect("q")).consumers, 0);
    await broker.withdraw("one");
    await broker.withdraw("never announced");
    assert.equal((await broker.inspect("r")).consumers, 0);
  });

  it("holds finds task ids that wait or are held, in this queue alone", async (world) => {
    const broker = await world.open();
    for (const id of ["held", "waiting"]) await broker.publish("q", aTask({ id }));
    await broker.publish("q", aTask({ id: "low", priority: 9 }));
    await broker.publish("r", aTask({ id: "elsewhere", queue: "r" }));
    await popOne(broker);
    const found = await broker.holds("q", ["held", "waiting", "low", "elsewhere", "unknown"]);
    assert.deepEqual([...found].sort(), ["held", "low", "waiting"]);
  });

  it("the epoch stays, for all, until the memory is lost", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    const epoch = await one.epoch();
    assert.ok(epoch.length > 10);
    assert.deepEqual([await other.epoch(), await one.epoch()], [epoch, epoch]);
    await world.flush();
    const next = await other.epoch();
    assert.notEqual(next, epoch);
    assert.equal(await one.epoch(), next);
  });

  it("a closed broker refuses at once, with a code, and its messages are given back when the lease ends", async (world) => {
    const [closing, other] = [await world.open(), await world.open()];
    await closing.publish("q", aTask({ id: "a" }));
    const { tag } = await popOne(closing);
    await closing.close();
    const hasCode = (error: { code?: string }) => /^CDT-/.test(error.code ?? "");
    await assert.rejects(closing.ping(), hasCode);
    await assert.rejects(closing.publish("q", aTask()), hasCode);
    await assert.rejects(closing.pop(["q"]), hasCode);
    await assert.rejects(closing.acknowledge(tag), hasCode);
    assert.equal((await other.restoreOrphans()).restored, 0);
    await world.endLease(tag);
    assert.equal((await other.restoreOrphans()).restored, 1);
  });
}

export function aTask(task: Partial<TaskToSend> = {}): ReturnType<typeof encodeTask> {
  return encodeTask({ queue: "q", name: "some.task", ...task });
}

/** The next message, which must be there. */
export async function popOne(broker: Broker, queue = "q"): Promise<Delivery> {
  const [delivery] = await broker.pop([queue]);
  assert.ok(delivery, `a message in ${queue}`);
  return delivery;
}

/** The ids of all that is there, in the order in which it is popped; acknowledges it. */
export async function popAll(broker: Broker, queues: string[] = ["q"]): Promise<unknown[]> {
  const ids: unknown[] = [];
  for (let next = await broker.pop(queues, { max: 7 }); next.length > 0; next = await broker.pop(queues, { max: 7 })) {
    for (const { envelope, tag } of next) {
      ids.push(envelope?.headers.id);
      assert.equal(await broker.acknowledge(tag), "DONE");
    }
  }
  return ids;
}
