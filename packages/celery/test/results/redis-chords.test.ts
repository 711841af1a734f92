import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { type RedisResultsOptions, redisResults } from "../../src/results/redis.ts";
import type { ChordPart, ResultStore } from "../../src/results/results.ts";

const skip = without("redis-server");
const key = (ending = "") => `celery-taskset-meta-g${ending}`;
const part = (taskId: string, index: number | undefined, result: unknown = taskId): ChordPart => {
  return { taskId, index, state: "SUCCESS", result };
};
const join = (store: ResultStore, one: ChordPart, ordered = true) => store.joinChord("g", one, { ordered });

test("keys, entries and times to live are those of Python's workers", { skip, timeout: 60_000 }, async (t) => {
  const { cli, open } = await startWorld(t);
  const store = await open({ globalKeyPrefix: "site", expires: 1_000 });
  await store.saveGroup("g", [["g", null], [[["a", null], null]]]);
  await store.startChord("g", 3);
  await join(store, part("b", 1));
  await join(store, part("a", undefined, { é: 1 }));
  assert.equal(await cli("get", `site_${key()}`), '{"result":[["g",null],[[["a",null],null]]]}');
  assert.equal(await cli("get", `site_${key(".s")}`), "3");
  assert.deepEqual((await cli("zrange", `site_${key(".j")}`, "0", "-1", "withscores")).split("\n"), [
    '[1, "b", "SUCCESS", "b"]',
    "1",
    '[1, "a", "SUCCESS", {"\\u00e9": 1}]',
    "inf",
  ]);
  for (const ending of ["", ".s", ".j"]) {
    const left = Number(await cli("ttl", `site_${key(ending)}`));
    assert.ok(left > 900 && left <= 1_000, `${ending}: ${left}`);
  }
  await store.endChord("g");
  assert.equal(await cli("keys", "*"), `site_${key()}`);
});

test("kept for ever, nothing of a chord expires", { skip, timeout: 60_000 }, async (t) => {
  const { cli, open } = await startWorld(t);
  const store = await open({ expires: 0 });
  await store.startChord("g", 2);
  await join(store, part("a", 0));
  await store.saveGroup("g", [["g", null], []]);
  for (const ending of ["", ".s", ".j"]) assert.equal(await cli("ttl", key(ending)), "-1");
  assert.equal((await join(store, part("b", 1)))?.length, 2);
});

test("what a Python worker has counted, and a member that it has added to a running chord, count", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { cli, open } = await startWorld(t);
  const store = await open();
  await cli("set", key(".s"), "2");
  await cli("incr", key(".t"));
  await cli("zadd", key(".j"), "0", '[1, "python", "SUCCESS", 7]');
  assert.equal(await join(store, part("python", 0, 7)), undefined);
  assert.equal(await cli("zcard", key(".j")), "1");
  assert.equal(await join(store, part("b", 1)), undefined);
  const all = await join(store, part("c", 2));
  assert.deepEqual(
    all?.map(({ taskId, result }) => [taskId, result]),
    [
      ["python", 7],
      ["b", "b"],
      ["c", "c"],
    ],
  );
});

test("a task that Python has counted twice, with two results, is one nevertheless", {
  skip,
  timeout: 60_000,
}, async (t) => {
  for (const ordered of [true, false]) {
    const { cli, open } = await startWorld(t);
    const store = await open();
    await store.startChord("g", 3);
    for (const result of ["1", "2"]) {
      const entry = `[1, "python", "SUCCESS", ${result}]`;
      await (ordered ? cli("zadd", key(".j"), "0", entry) : cli("rpush", key(".j"), entry));
    }
    assert.equal(await join(store, part("b", 1), ordered), undefined);
    assert.equal((await join(store, part("c", 2), ordered))?.length, 3);
  }
});

test("whoever was first says whether a chord is ordered", { skip, timeout: 60_000 }, async (t) => {
  const { cli, open } = await startWorld(t);
  const store = await open();
  await store.startChord("g", 2);
  await cli("rpush", key(".j"), '[1, "python", "SUCCESS", 7]');
  assert.equal((await join(store, part("a", 0), true))?.[0]?.taskId, "python");
  await store.endChord("g");
  await store.startChord("g", 2);
  await cli("zadd", key(".j"), "1", '[1, "python", "SUCCESS", 7]');
  assert.equal((await join(store, part("a", 0), false))?.[0]?.taskId, "a");
});

async function startWorld(t: TestContext) {
  const server = await startRedis(t);
  async function open(options: Partial<RedisResultsOptions> = {}) {
    const store = redisResults({ host: server.host, port: server.port, ...options });
    await store.connect();
    t.after(() => store.close());
    return store;
  }
  return { cli: (...args: string[]) => server.cli(...args), open };
}
