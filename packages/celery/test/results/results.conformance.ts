import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import type { ResultStore, TaskMeta, TaskState } from "../../src/results/results.ts";

/** One place where results lie; made anew for every test. */
export interface ResultsWorld {
  /** A connected store, closed when the test ends. */
  open(): Promise<ResultStore>;
}

/** What every result store does. */
export function resultsConformance(
  kind: string,
  startWorld: (scope: Scope) => Promise<ResultsWorld>,
  skip: string | false = false,
): void {
  const it = (story: string, tell: (world: ResultsWorld) => Promise<void>) =>
    test(`${kind}: ${story}`, { skip, timeout: 120_000 }, async (t) => await tell(await startWorld(t)));

  it("what one stores, another gets as it was", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    assert.equal(await other.get("a"), undefined);
    const meta = { ...aMeta("a", "SUCCESS", { list: [1, [], {}], text: "é\u0000", none: null }), group_id: "g" };
    assert.equal(await one.store(meta), true);
    assert.equal(JSON.stringify(await other.get("a")), JSON.stringify(meta));
    assert.equal(await other.get("b"), undefined);
  });

  it("a later state takes the place of an earlier one, but nothing that of SUCCESS", async (world) => {
    const store = await world.open();
    for (const status of ["STARTED", "RETRY", "FAILURE", "STARTED", "SUCCESS"] as const) {
      assert.equal(await store.store(aMeta("a", status, status)), true);
      assert.equal((await store.get("a"))?.status, status);
    }
    for (const status of ["STARTED", "FAILURE", "SUCCESS", "REVOKED"] as const) {
      assert.equal(await store.store(aMeta("a", status, "a late duplicate's")), false);
    }
    assert.deepEqual((await store.get("a"))?.result, "SUCCESS");
  });

  it("what is stored in one go is stored in its order, and each is told about his own", async (world) => {
    const [store, other] = [await world.open(), await world.open()];
    const states = ["STARTED", "SUCCESS", "FAILURE", "STARTED"] as const;
    const answers = await Promise.all(
      ["a", "b"].flatMap((id) => states.map((status) => store.store(aMeta(id, status, status)))),
    );
    assert.deepEqual(answers, [true, true, false, false, true, true, false, false]);
    assert.equal((await other.get("b"))?.status, "SUCCESS");
    const many = await Promise.all(
      Array.from({ length: 1_001 }, (_, i) => store.store(aMeta(i === 500 ? "a" : `many-${i}`, "SUCCESS", i))),
    );
    assert.deepEqual([many.indexOf(false), many.lastIndexOf(false)], [500, 500]);
    assert.equal((await other.get("many-1000"))?.result, 1_000);
  });

  it("a result inside a result does not pass for the state of the task", async (world) => {
    const store = await world.open();
    await store.store(aMeta("a", "STARTED", { status: "SUCCESS", text: '{"status": "SUCCESS"' }));
    assert.equal(await store.store(aMeta("a", "FAILURE", null)), true);
  });

  it("what is forgotten is gone, SUCCESS too", async (world) => {
    const store = await world.open();
    await store.store(aMeta("a", "SUCCESS", 1));
    await store.forget("a");
    assert.equal(await store.get("a"), undefined);
    assert.equal(await store.store(aMeta("a", "STARTED", null)), true);
    await store.forget("never heard of");
  });

  it("waiting passes over states that are not the end, and ends with each that is", async (world) => {
    const [worker, client] = [await world.open(), await world.open()];
    for (const end of ["SUCCESS", "FAILURE", "REVOKED"] as const) {
      const waits = [0, 1].map(() => client.waitFor(end, AbortSignal.timeout(60_000)));
      for (const status of ["RECEIVED", "STARTED", "RETRY", end] as const) await worker.store(aMeta(end, status, 42));
      for (const meta of await Promise.all(waits)) assert.deepEqual([meta.status, meta.result], [end, 42]);
      assert.equal((await client.waitFor(end, AbortSignal.timeout(60_000))).status, end, "it was there already");
    }
  });

  it("waiting ends with its signal, and others go on", async (world) => {
    const store = await world.open();
    const abort = new AbortController();
    const impatient = store.waitFor("a", abort.signal);
    const patient = store.waitFor("a", AbortSignal.timeout(60_000));
    abort.abort(new Error("enough"));
    await assert.rejects(impatient, { message: "enough" });
    await assert.rejects(store.waitFor("a", abort.signal), { message: "enough" });
    await store.store(aMeta("a", "SUCCESS", null));
    assert.equal((await patient).status, "SUCCESS");
  });
}

export function aMeta(id: string, status: TaskState, result: unknown): TaskMeta {
  const date_done = ["SUCCESS", "FAILURE", "REVOKED"].includes(status) ? "2026-01-02T03:04:05.678000+00:00" : null;
  return { status, result, traceback: null, children: [], date_done, task_id: id };
}
