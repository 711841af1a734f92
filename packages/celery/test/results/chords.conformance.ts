import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import type { ResultTuple } from "../../src/results/result-tuple.ts";
import type { ChordJoin, ChordPart, ResultStore, TaskState } from "../../src/results/results.ts";
import type { ResultsWorld } from "./results.conformance.ts";

/** How every result store keeps groups and counts the members of chords. */
export function chordsConformance(
  kind: string,
  startWorld: (scope: Scope) => Promise<ResultsWorld>,
  skip: string | false = false,
): void {
  const it = (story: string, tell: (world: ResultsWorld) => Promise<void>) =>
    test(`${kind}: ${story}`, { skip, timeout: 120_000 }, async (t) => await tell(await startWorld(t)));

  it("a group is kept as it was saved", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    assert.equal(await other.getGroup("g"), undefined);
    const group: ResultTuple = [
      ["g", null],
      [
        [["a", [["before a", null], null]], null],
        [["inner", null], [[["b", null], null]]],
      ],
    ];
    await one.saveGroup("g", group);
    assert.deepEqual(await other.getGroup("g"), group);
  });

  for (const ordered of [true, false]) {
    const how = ordered ? "ordered" : "by arrival";
    const join = (store: ResultStore, part: ChordPart) => store.joinChord("g", part, { ordered });

    it(`${how}: the last of a chord's members gets all of them`, async (world) => {
      const [one, other] = [await world.open(), await world.open()];
      await one.startChord("g", 3);
      assert.equal(await join(one, aPart("b", 1, "second")), undefined);
      assert.equal(await join(other, aPart("c", 2, { third: null })), undefined);
      const all = await join(one, aPart("a", 0, "first"));
      const first = { taskId: "a", state: "SUCCESS", result: "first" };
      const rest = [
        { taskId: "b", state: "SUCCESS", result: "second" },
        { taskId: "c", state: "SUCCESS", result: { third: null } },
      ];
      assert.deepEqual(plain(all), ordered ? [first, ...rest] : [...rest, first]);
    });

    it(`${how}: members that end before the chord is counted are not forgotten`, async (world) => {
      const store = await world.open();
      assert.equal(await join(store, aPart("a", 0, 1)), undefined);
      await store.startChord("g", 2);
      assert.deepEqual(ids(await join(store, aPart("b", 1, 2))), ["a", "b"]);
    });

    it(`${how}: a size that is too small is corrected by who knows better, and the last member gets all`, async (world) => {
      const store = await world.open();
      await store.startChord("g", 2);
      assert.equal(await join(store, aPart("a", 0, 1)), undefined);
      assert.deepEqual(ids(await join(store, aPart("b", 1, 2))), ["a", "b"]);
      assert.equal(await store.joinChord("g", aPart("b", 1, 2), { ordered, size: 3 }), undefined);
      assert.deepEqual(ids(await join(store, aPart("c", 2, 3))), ["a", "b", "c"]);
    });

    it(`${how}: a member that is told again counts once, whatever it says then`, async (world) => {
      const store = await world.open();
      await store.startChord("g", 3);
      for (const result of [1, 1, 2, { other: "result" }]) {
        assert.equal(await join(store, aPart("a", 0, result)), undefined);
      }
      assert.equal(await join(store, aPart("b", 1, 1)), undefined);
      assert.equal(await join(store, aPart("a", 0, "late")), undefined);
      const all = await join(store, aPart("c", 2, 1));
      assert.deepEqual(plain(all?.[0]), { taskId: "a", state: "SUCCESS", result: 1 });
      assert.deepEqual(ids(all), ["a", "b", "c"]);
    });

    it(`${how}: of two runs of a member the one that succeeded counts`, async (world) => {
      const store = await world.open();
      await store.startChord("g", 3);
      await join(store, aPart("failed first", 0, { exc_type: "Error" }, "FAILURE"));
      await join(store, aPart("failed first", 0, 1));
      await join(store, aPart("failed later", 1, 2));
      await join(store, aPart("failed later", 1, { exc_type: "Error" }, "FAILURE"));
      const all = await join(store, aPart("failed", 2, { exc_type: "Error" }, "FAILURE"));
      assert.deepEqual(plain(all?.map(({ state }) => state)), ["SUCCESS", "SUCCESS", "FAILURE"]);
    });

    it(`${how}: whoever completed the chord and died gets all again, until the chord is ended`, async (world) => {
      const store = await world.open();
      await store.startChord("g", 2);
      await join(store, aPart("a", 0, 1));
      await join(store, aPart("b", 1, 2));
      assert.deepEqual(ids(await join(store, aPart("b", 1, 2))), ["a", "b"]);
      await store.endChord("g");
      assert.equal(await join(store, aPart("b", 1, 2)), undefined);
    });

    it(`${how}: members of one place, or of none, are different members`, async (world) => {
      const store = await world.open();
      await store.startChord("g", 4);
      await join(store, aPart("a", 0, 1));
      await join(store, aPart("b", 0, 1));
      await join(store, aPart("c", undefined, 1));
      await join(store, aPart("c", undefined, 1));
      assert.deepEqual(ids(await join(store, aPart("d", undefined, 1))), ["a", "b", "c", "d"]);
    });

    it(`${how}: a thousand members at once are counted right`, async (world) => {
      const stores = [await world.open(), await world.open()];
      await stores[0]!.startChord("g", 1_000);
      const joins = await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => join(stores[i % 2]!, aPart(`task-${i}`, i, i))),
      );
      const complete = joins.filter((all) => all !== undefined);
      assert.equal(complete.length, 1);
      const results = complete[0]!.map(({ result }) => Number(result));
      if (!ordered) results.sort((a, b) => a - b);
      assert.deepEqual(
        results,
        Array.from({ length: 1_000 }, (_, i) => i),
      );
    });
  }
}

function aPart(taskId: string, index: number | undefined, result: unknown, state: TaskState = "SUCCESS"): ChordPart {
  return { taskId, index, state, result };
}

function ids(all: ChordJoin): string[] | undefined {
  return all?.map(({ taskId }) => taskId);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
