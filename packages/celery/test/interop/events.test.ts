import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import type { ServerProcess } from "../../../../testing/server-process.ts";
import { createControl } from "../../src/client/control.ts";
import { createClient, redisBroker, redisResults } from "../../src/index.ts";
import { sentEvents } from "../../src/worker/events/task-sent.ts";
import { queue, startWorld } from "../worker/world.ts";
import { startEventDump } from "./celery-program.ts";

const skip = without("redis-server", "python3-celery");
const node = "celery@ours";

test("celery events shows our worker and its tasks as it shows Python's", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const dump = await startEventDump(t, redis);
  const ours = await world.work(
    [
      { name: "add", run: async ({ request: { args } }) => Number(args[0]) + Number(args[1]) },
      {
        name: "fail",
        async run() {
          throw new TypeError("it's no use");
        },
      },
      { name: "again", run: async ({ retry }) => retry({ countdown: 60, cause: new RangeError("not yet") }) },
    ],
    { name: node, events: true, heartbeatInterval: 0.5 },
  );
  const add = await world.client.send(queue, "add", { args: [2, 40], kwargs: { note: null } });
  const fail = await world.send("fail");
  const again = await world.send("again");
  const late = await world.client.send(queue, "add", { args: [1, 1], expires: new Date(0) });
  await world.send("nobody.knows");
  await until(dump, () => /heartbeat.*processed=[4-9]/.test(dump.output()));
  await ours.stop();
  await until(dump, () => /shutdown/.test(dump.output()));

  const lines = dump.output().split("\n");
  const of = (id: string) => lines.filter((line) => line.includes(id));
  const patterns: [string[], RegExp[]][] = [
    [
      of(add),
      [
        /celery@ours \[.*\] task received: add\(.*\) args=\(2, 40\) kwargs=\{'note': None\} clock=\d+, eta=None, expires=None, /,
        /task started: add\(.*\) args=\(2, 40\)/,
        /task succeeded: add\(.*\) .*result=42, runtime=0\.\d+/,
      ],
    ],
    [of(fail), [/received/, /started/, /task failed: fail\(.*\) .*exception=TypeError\("it's no use"\), .*traceback=/]],
    // Its next try is received, too, and given back at the end.
    [of(again).slice(0, 3), [/received/, /started/, /task retried: again\(.*\) .*exception=RangeError\('not yet'\)/]],
    [of(late), [/received/, /task revoked: add\(.*\) .*expired=True, .*signum=None, terminated=False/]],
  ];
  for (const [found, expected] of patterns) {
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [i, pattern] of expected.entries()) assert.match(found[i]!, pattern);
  }
  assert.match(dump.output(), /task failed: {2}.*exception=NotRegistered\('nobody\.knows'\)/);
  assert.match(dump.output(), new RegExp(`started: .*freq=0.5.*pid=${process.pid}.*sw_ident=celery-node`));
});

test("task events begin when a receiver asks for them, and end with it", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const dump = await startEventDump(t, redis);
  await world.work([{ name: "add", run: async () => 42 }], { name: node, heartbeatInterval: 2 });
  const control = createControl({ broker: world.broker });
  const send = async () => {
    const id = await world.send("add");
    await world.ended(id);
    return id;
  };
  const before = await send();
  await control.enableEvents();
  const between = await send();
  await control.disableEvents();
  const after = await send();
  // Whatever was to come has come before this.
  const beats = () => dump.output().split("heartbeat").length;
  const known = beats();
  await control.heartbeat();
  await until(dump, () => beats() > known);
  const seen = [before, between, after].map((id) => dump.output().includes(id));
  assert.deepEqual(seen, [false, true, false]);
});

test("a worker whose connections were cut says that it is there again, and goes on telling", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  // What is sent into a connection that is being cut is lost; the next heartbeat makes up for it.
  await world.work([{ name: "add", run: async () => 42 }], { name: node, events: true, heartbeatInterval: 5 });
  const clients = (await redis.cli("client", "list")).matchAll(/^id=(\d+)/gm);
  const ours = [...clients].map(([, id]) => id!);
  const dump = await startEventDump(t, redis);
  for (const id of ours) await redis.cli("client", "kill", "id", id);
  await until(dump, () => dump.output().includes("celery@ours [") && dump.output().includes("started: "));
  const id = await world.send("add");
  await until(dump, () => dump.output().includes(`add(${id})`));
});

test("a client that tells of what it sends is seen by celery events as any producer", { skip }, async (t) => {
  const { redis, world } = await startMixedWorld(t);
  const dump = await startEventDump(t, redis);
  const { broker, results } = world;
  const client = createClient({ broker, results, onSent: sentEvents({ broker, name: "gen1@here" }) });
  const id = await client.send(queue, "add", { args: [2, "a"] });
  const sent = `gen1@here \\[.*\\] task sent: add\\(${id}\\) args=\\(2, 'a'\\) kwargs={} .*queue=${queue}, .*routing_key=${queue}`;
  await until(dump, () => new RegExp(sent).test(dump.output()));
});

async function until(dump: ServerProcess, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `it did not happen within 60 s:\n${dump.output().slice(-3000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function startMixedWorld(t: TestContext) {
  const redis = await startRedis(t);
  const server = { host: redis.host, port: redis.port };
  const world = await startWorld(t, { broker: redisBroker(server), results: redisResults(server) });
  return { redis, world };
}
