import assert from "node:assert/strict";
import { aTask, popAll, popOne, type StartWorld, storiesOf } from "./broker.conformance.ts";

/** How every broker lets go of messages: for a time, or for people to look at. `skip` says why it cannot be tried. */
export function parkingConformance(kind: string, startWorld: StartWorld, skip: string | false = false): void {
  const it = storiesOf(kind, startWorld, skip);

  it("a parked message is nobody's until its time, and then the next one popped, not redelivered", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    for (const id of ["last", "first", "second"]) await one.publish("q", aTask({ id, priority: 3 }));
    const [last, first, second] = await one.pop(["q"], { max: 3 });
    const start = world.now();
    assert.equal(await one.park(last!.tag, new Date(start + 3_600_000)), "DONE");
    assert.equal(await one.park(second!.tag, new Date(start + 2_000)), "DONE");
    assert.equal(await one.park(first!.tag, new Date(start + 1_000)), "DONE");
    assert.deepEqual(await other.restoreOrphans(), { restored: 0, due: 0, nextDue: new Date(start + 1_000) });
    assert.deepEqual(await other.pop(["q"]), []);
    const { waiting, unacked, scheduled } = await other.inspect("q");
    assert.deepEqual([waiting, unacked.count, scheduled], [0, 3, 3]);
    assert.deepEqual([...(await other.holds("q", [String(last!.envelope?.headers.id)]))], ["last"]);

    await other.publish("q", aTask({ id: "came meanwhile", priority: 3 }));
    await world.elapse(2_100);
    const found = await other.restoreOrphans();
    assert.deepEqual(found, { restored: 0, due: 2, nextDue: new Date(start + 3_600_000) });
    const again = await popOne(other);
    assert.deepEqual([again.raw, again.redelivered, again.deaths], [first!.raw, false, 0]);
    assert.equal(await other.acknowledge(again.tag), "DONE");
    assert.deepEqual(await popAll(other), ["second", "came meanwhile"]);
  });

  it("who has parked a message holds it no longer; a parked one can be taken and parked again", async (world) => {
    const broker = await world.open();
    await broker.publish("q", aTask({ id: "a" }));
    for (const round of [1, 2]) {
      const { tag } = await popOne(broker);
      assert.equal(await broker.park(tag, new Date(world.now() + 5)), "DONE");
      const attempts = [broker.acknowledge(tag), broker.requeue(tag), broker.park(tag, new Date())];
      assert.deepEqual(await Promise.all(attempts), ["LOST", "LOST", "LOST"], `round ${round}`);
      assert.deepEqual([...(await broker.renew([tag]))], [[tag, "LOST"]]);
      await world.elapse(20);
      assert.equal((await broker.restoreOrphans()).due, 1);
    }
    assert.deepEqual(await popAll(broker), ["a"]);
    assert.deepEqual(await broker.restoreOrphans(), { restored: 0, due: 0, nextDue: undefined });
  });

  it("a flood of parked messages comes back in the order of the times", async (world) => {
    const broker = await world.open();
    const ids = Array.from({ length: 450 }, (_, i) => `task ${i}`);
    await Promise.all(ids.map((id) => broker.publish("q", aTask({ id }))));
    const from = world.now() - 10_000;
    const places = new Map(ids.map((id, i) => [id, (i * 7) % ids.length]));
    for (
      let taken = await broker.pop(["q"], { max: 50 });
      taken.length > 0;
      taken = await broker.pop(["q"], { max: 50 })
    ) {
      const until = (id: unknown) => new Date(from + places.get(String(id))!);
      await Promise.all(taken.map(({ tag, envelope }) => broker.park(tag, until(envelope?.headers.id))));
    }
    assert.equal((await broker.restoreOrphans()).due, ids.length);
    const inOrder = ids.toSorted((a, b) => places.get(a)! - places.get(b)!);
    assert.deepEqual(await popAll(broker), inOrder);
  });

  it("a dead letter can be found, sent back with its deaths forgotten, and dropped, each once", async (world) => {
    const broker = await world.open();
    for (const id of ["a", "b", "c"]) await broker.publish("q", aTask({ id, priority: 3 }));
    for (const { tag } of await broker.pop(["q"], { max: 3 })) {
      await broker.requeue(tag, { death: true });
      assert.equal(await broker.deadLetter((await popOne(broker)).tag, "poison", "it killed one"), "DONE");
    }
    const letters = await broker.deadLetters();
    assert.deepEqual(
      letters.map(({ reason, text, queue, raw }) => [reason, text, queue, JSON.parse(raw).headers.id]),
      ["c", "b", "a"].map((id) => ["poison", "it killed one", "q", id]),
    );
    const [c, b, a] = letters;
    assert.equal(new Set([a!.id, b!.id, c!.id]).size, 3);
    assert.deepEqual(await broker.findDeadLetter(b!.id), b);
    assert.equal(await broker.findDeadLetter("unknown"), undefined);

    await broker.publish("q", aTask({ id: "waits", priority: 3 }));
    assert.equal(await broker.requeueDeadLetter(b!.id), true);
    assert.equal(await broker.requeueDeadLetter(b!.id), false);
    assert.equal(await broker.dropDeadLetter(a!.id), true);
    assert.equal(await broker.dropDeadLetter(a!.id), false);
    assert.equal(await broker.findDeadLetter(b!.id), undefined);
    assert.deepEqual(await broker.deadLetters(), [c]);
    const [waits, back] = await broker.pop(["q"], { max: 2 });
    assert.equal(waits?.envelope?.headers.id, "waits", "at the tail, in the list of its priority");
    assert.deepEqual([back?.envelope?.headers.id, back?.deaths], ["b", 0]);
  });

  it("a dead letter that is no message goes back as it was", async (world) => {
    const broker = await world.open();
    const raw = "no message, \u00e9 and all";
    await world.pushRaw("q", raw);
    await broker.deadLetter((await popOne(broker)).tag, "malformed", "what is that?");
    const [letter] = await broker.deadLetters();
    assert.equal(await broker.requeueDeadLetter(letter!.id), true);
    assert.equal((await popOne(broker)).raw, raw);
  });
}
