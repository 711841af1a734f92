import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker, redisResults } from "../../src/index.ts";
import { startChild } from "../worker/child.ts";
import { gate, queue, startWorld } from "../worker/world.ts";
import { pythonLog, startPythonWorker } from "./python-peer.ts";
import { scanFromPython, until, untilAcknowledged } from "./scan.ts";

const skip = without("redis-server", "python3-celery");
const lease = 2_000;

test("a 30 s Python task beside our worker with a 2 s lease runs exactly once", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const log = await pythonLog(t);
  const python = await startPythonWorker(t, redis, { queue, log });
  const id = await world.client.send(queue, "sleep", { args: [30] });
  await until("the Python worker has begun", () => log.lines().length === 1);

  // Ours listens to the same queue and looks for orphans each second: all but the Python worker's entry.
  const ranHere: string[] = [];
  const ours = await world.work([
    {
      name: "sleep",
      async run({ request }) {
        ranHere.push(request.id);
        return "slept here";
      },
    },
  ]);
  assert.equal(await world.client.result(id).wait(AbortSignal.timeout(90_000)), "slept in Python");
  await untilAcknowledged(world.broker, queue);
  await python.stop();
  await ours.stop();
  assert.deepEqual([log.lines(), ranHere], [[`started ${id}`, `ended ${id}`], []]);
  await world.expectBroker({});
});

test("our task runs once although it is longer than the visibility timeout of Python workers that come and look", {
  skip,
}, async (t) => {
  const lease = 4_000;
  const { redis, world } = await startMixedWorld(t, lease);
  const log = await pythonLog(t);
  const long = gate("held");
  const ours = await world.work([long.task]);
  const id = await world.send("held");
  await long.untilBegun(1);
  const begunAt = performance.now();

  // Shorter than the time between our renewals: a score of the present would not protect the entry, one in the future does.
  const visibility = 0.2;
  for (let round = 0; round < 4 || performance.now() - begunAt < 2 * lease; round++) {
    const python = await scanFromPython(t, redis, { queue, log, visibility });
    await python.stop();
  }
  assert.equal((await world.broker.inspect(queue)).unacked.count, 1);
  long.open("done here");
  assert.deepEqual(await world.ended(id), { status: "SUCCESS", result: "done here" });
  await ours.stop();
  assert.deepEqual([long.begun, log.lines()], [[id], []]);
  assert.deepEqual([ours.facts().counts.leaseLost, ours.facts().counts.duplicate], [0, 0]);
  await world.expectBroker({});
});

test("our worker was frozen until Python took its message over: LOST, and Python's entry stays as it is", {
  skip,
}, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const log = await pythonLog(t);
  const frozen = await startChild(t, redis.port, queue, lease);
  const id = await world.send("held");
  const running = await frozen.says("running");
  const tag = String(running.tag);
  const [message] = JSON.parse(await redis.cli("HGET", "unacked", tag));
  frozen.signal("SIGSTOP");

  // Our entry's score lies one lease in the future, and Python adds its own timeout: only then it is Python's to take.
  const dueAt = Number(await redis.cli("ZSCORE", "unacked_index", tag)) * 1000 + 1_000;
  await until("our lease and Python's timeout are over", () => Date.now() > dueAt + 500);
  const python = await scanFromPython(t, redis, { queue, log, visibility: 1 });
  await until("Python runs our message", () => log.lines().includes(`started ${id}`));
  const pythons = await entry();
  assert.match(pythons.message, /"redelivered": ?true/);

  frozen.signal("SIGCONT");
  assert.equal((await frozen.says("lease:lost")).event, "lease:lost");
  frozen.tell(`renew ${tag}`);
  assert.equal((await frozen.says("renewed")).answer, "LOST");
  assert.deepEqual(await entry(), pythons);

  frozen.tell("finish");
  assert.equal((await frozen.says("task:duplicate")).id, id);
  assert.deepEqual(await entry(), pythons);
  assert.deepEqual(log.lines(), [`started ${id}`]);
  await python.stop("SIGKILL");

  /** Python's, under the message's own tag. */
  async function entry() {
    const own = message.properties.delivery_tag;
    return { message: await redis.cli("HGET", "unacked", own), score: await redis.cli("ZSCORE", "unacked_index", own) };
  }
});

async function startMixedWorld(t: TestContext, length = lease) {
  const redis = await startRedis(t);
  const server = { host: redis.host, port: redis.port };
  return {
    redis,
    world: await startWorld(t, { broker: redisBroker({ ...server, lease: length }), results: redisResults(server) }),
  };
}
