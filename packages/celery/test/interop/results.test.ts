import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker, redisResults, TaskFailed } from "../../src/index.ts";
import { queue, startWorld } from "../worker/world.ts";
import { askFromPython, pythonLog, startPythonWorker } from "./python-peer.ts";
import { untilAcknowledged } from "./scan.ts";

const skip = without("redis-server", "python3-celery");

test("Python sends tasks with arguments, priority and countdown, and reads what our worker answers", {
  skip,
}, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  await world.work([
    { name: "echo", run: async ({ request: { args, kwargs, retries } }) => ({ args, kwargs: { ...kwargs }, retries }) },
  ]);
  const args = [1, "höhe ✓", null, [true, 2.5], { deep: { er: [] } }];
  const seen = await askFromPython(redis, queue, "echo", {
    args,
    kwargs: { site: "cologne" },
    priority: 6,
    countdown: 1,
  });
  assert.equal(seen.state, "SUCCESS");
  assert.deepEqual(seen.value, { args, kwargs: { site: "cologne" }, retries: 0 });
  await world.expectBroker({});
});

test("Python reads our failures as exceptions: its own class where it has one, else one of the same name", {
  skip,
}, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  class CorruptSource extends Error {}
  await world.work([
    {
      name: "value",
      async run() {
        throw Object.assign(new Error("too small"), { name: "ValueError" });
      },
    },
    {
      name: "corrupt",
      async run() {
        throw new CorruptSource("m31.fits differs");
      },
    },
  ]);
  const value = await askFromPython(redis, queue, "value");
  assert.deepEqual(
    [value.state, value.exception, value.builtin, value.args],
    ["FAILURE", "ValueError", true, ["too small"]],
  );
  const corrupt = await askFromPython(redis, queue, "corrupt");
  assert.deepEqual([corrupt.exception, corrupt.builtin, corrupt.args], ["CorruptSource", false, ["m31.fits differs"]]);
  assert.match(
    corrupt.traceback ?? "",
    /^Traceback \(most recent call last\):\n[\s\S]*CorruptSource: m31.fits differs/,
  );
  const unknown = await askFromPython(redis, queue, "nobody.knows");
  assert.deepEqual([unknown.exception, unknown.args], ["NotRegistered", ["nobody.knows"]]);
  await world.expectBroker({ deadLetters: ["unknown-task"] });
});

test("our client sends to a Python worker and reads its results, failures included", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const python = await startPythonWorker(t, redis, { queue, log: await pythonLog(t) });
  const sum = await world.client.send(queue, "add", { args: [2, 40] });
  assert.equal(await world.client.result(sum).wait(AbortSignal.timeout(60_000)), 42);
  const failing = await world.client.send(queue, "fail", { kwargs: { text: "not today" }, priority: 3 });
  await assert.rejects(world.client.result(failing).wait(AbortSignal.timeout(60_000)), (error: unknown) => {
    assert.ok(error instanceof TaskFailed);
    assert.deepEqual(error.remote, { exc_type: "ValueError", exc_message: ["not today"], exc_module: "builtins" });
    assert.match(error.traceback ?? "", /peer\.py/);
    return true;
  });
  await untilAcknowledged(world.broker, queue);
  await python.stop();
  await world.expectBroker({});
});

async function startMixedWorld(t: TestContext) {
  const redis = await startRedis(t);
  const server = { host: redis.host, port: redis.port };
  return { redis, world: await startWorld(t, { broker: redisBroker(server), results: redisResults(server) }) };
}
