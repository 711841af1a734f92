import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { type RedisResultsOptions, redisResults } from "../../src/results/redis.ts";
import { connectionOf } from "../broker/redis-world.ts";
import { chordsConformance } from "./chords.conformance.ts";
import { aMeta, resultsConformance } from "./results.conformance.ts";

const skip = without("redis-server");

resultsConformance("redis", (scope) => startWorld(scope), skip);
resultsConformance(
  "redis with mutual TLS",
  (scope) => startWorld(scope, { tls: true }),
  without("redis-server", "openssl"),
);

chordsConformance("redis", (scope) => startWorld(scope), skip);

test("keys, channel and time to live are Celery's", { skip, timeout: 60_000 }, async (t) => {
  const { server, open } = await startWorld(t);
  const store = await open();
  await store.store(aMeta("a", "SUCCESS", 1));
  assert.deepEqual(JSON.parse(await server.cli("get", "celery-task-meta-a")), aMeta("a", "SUCCESS", 1));
  const left = Number(await server.cli("ttl", "celery-task-meta-a"));
  assert.ok(left > 86_000 && left <= 86_400, String(left));

  const waiting = store.waitFor("b", AbortSignal.timeout(50_000));
  while (!(await server.cli("pubsub", "channels")).includes("celery-task-meta-b"));
  await (await open({ expires: 0 })).store(aMeta("b", "SUCCESS", 2));
  assert.equal((await waiting).result, 2);
  assert.equal(await server.cli("ttl", "celery-task-meta-b"), "-1");
  await (await open({ expires: null })).store(aMeta("c", "SUCCESS", 2));
  assert.equal(await server.cli("ttl", "celery-task-meta-c"), "-1");
  while ((await server.cli("pubsub", "channels")) !== "");
});

test("a prefix without a separator of its own gets an underscore, as Celery's backend does", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { server, open } = await startWorld(t);
  for (const [prefix, key] of [
    ["site", "site_celery-task-meta-a"],
    ["site:", "site:celery-task-meta-a"],
    ["site_", "site_celery-task-meta-a"],
    ["site-", "site-celery-task-meta-a"],
    ["site.", "site.celery-task-meta-a"],
  ] as const) {
    await (await open({ globalKeyPrefix: prefix })).store(aMeta("a", "STARTED", prefix));
    assert.match(await server.cli("get", key), new RegExp(`"${prefix.replace(".", "\\.")}"`));
  }
});

test("SUCCESS stays, in whatever order its writer put the members", { skip, timeout: 60_000 }, async (t) => {
  const { server, open } = await startWorld(t);
  const store = await open();
  for (const [id, text, stays] of [
    ["python", '{"status": "SUCCESS", "result": 1, "task_id": "python"}', true],
    ["compact", '{"status":"SUCCESS","result":1}', true],
    ["other-order", '{"result": 1, "status" : "SUCCESS"}', true],
    ["longer", '{"status": "SUCCESSFUL", "result": 1}', false],
    ["compact-longer", '{"status":"SUCCESSFUL","result":1}', false],
    ["nested", '{"result": {"status": "SUCCESS"}, "status": "STARTED"}', false],
    ["no-json", "SUCCESS", false],
    ["no-object", '["SUCCESS"]', false],
    ["empty", "", false],
  ] as const) {
    await server.cli("set", `celery-task-meta-${id}`, text);
    assert.equal(await store.store(aMeta(id, "FAILURE", null)), !stays, text);
  }
});

test("typed values are stored as kombu types them, or as plain texts for peers that know no types", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { server, open } = await startWorld(t);
  const value = { at: new Date("2026-01-02T03:04:05Z"), big: 9007199254740993n, none: Number.NaN };
  const typed = await open();
  await typed.store(aMeta("a", "SUCCESS", value));
  assert.match(await server.cli("get", "celery-task-meta-a"), /"__type__":"datetime"/);
  const { at, big, none } = (await typed.get("a"))!.result as typeof value;
  assert.deepEqual([at.getTime(), big, none], [value.at.getTime(), value.big, Number.NaN]);
  await (await open({ plainValues: true })).store(aMeta("b", "SUCCESS", value));
  assert.match(
    await server.cli("get", "celery-task-meta-b"),
    /"at":"2026-01-02T03:04:05Z","big":9007199254740993,"none":NaN/,
  );
});

test("who waits is told by the message alone: nothing is asked a second time", { skip, timeout: 60_000 }, async (t) => {
  const { server, open } = await startWorld(t);
  const [client, worker] = [await open({ pollInterval: 3_600_000 }), await open()];
  const waiting = client.waitFor("a", AbortSignal.timeout(50_000));
  while (!(await server.cli("pubsub", "channels")).includes("celery-task-meta-a"));
  await client.get("another");
  const before = await countOf(server, "get");
  await server.cli("publish", "celery-task-meta-a", "no JSON at all");
  await worker.store(aMeta("a", "STARTED", null));
  await worker.store(aMeta("a", "SUCCESS", "héard"));
  assert.equal((await waiting).result, "héard");
  assert.equal(await countOf(server, "get"), before);
});

test("a message on the channel wakes at once; without it, looking from time to time finds the result", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { server, open } = await startWorld(t);
  const listener = await open({ pollInterval: 3_600_000 });
  const heard = listener.waitFor("a", AbortSignal.timeout(50_000));
  while (!(await server.cli("pubsub", "channels")).includes("celery-task-meta-a"));
  await (await open()).store(aMeta("a", "SUCCESS", 1));
  assert.equal((await heard).result, 1);

  const looker = await open({ pollInterval: 20 });
  const seen = looker.waitFor("b", AbortSignal.timeout(50_000));
  await server.cli("set", "celery-task-meta-b", JSON.stringify(aMeta("b", "SUCCESS", 2)));
  assert.equal((await seen).result, 2);
});

test("waiting outlives a restart of Redis", { skip, timeout: 120_000 }, async (t) => {
  const { server, open } = await startWorld(t);
  const [client, worker] = [await open({ pollInterval: 100 }), await open()];
  const waiting = client.waitFor("a", AbortSignal.timeout(100_000));
  while (!(await server.cli("pubsub", "channels")).includes("celery-task-meta-a"));
  await server.stop("SIGKILL");
  await assert.rejects(worker.get("a"), { code: "CDT-REDIS-UNREACHABLE" });
  await assert.rejects(client.get("a"), { code: "CDT-REDIS-UNREACHABLE" });
  await server.restart();
  while (!(await server.cli("pubsub", "channels")).includes("celery-task-meta-a"));
  await worker.connect(AbortSignal.timeout(60_000)).catch(() => worker.connect(AbortSignal.timeout(60_000)));
  await worker.store(aMeta("a", "SUCCESS", 1));
  assert.equal((await waiting).result, 1);
});

/** How often Redis was asked so. */
async function countOf(server: TestRedis, command: string): Promise<number> {
  const stats = await server.cli("info", "commandstats");
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
}

async function startWorld(scope: Scope, options: Parameters<typeof startRedis>[1] = {}) {
  const server: TestRedis = await startRedis(scope, options);
  return {
    server,
    async open(more: Partial<RedisResultsOptions> = {}) {
      const store = redisResults({ ...connectionOf(server), ...more });
      await store.connect();
      scope.after(() => store.close());
      return store;
    },
  };
}
