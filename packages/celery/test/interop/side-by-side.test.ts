import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { type Canvas, chain, chord, group, redisBroker, signature, type Task, TaskFailed } from "../../src/index.ts";
import { type MixedWorld, startMixedWorld, transports } from "./mixed-world.ts";
import { peerTasks } from "./peer-tasks.ts";
import { pythonLog, startPythonWorker } from "./python-peer.ts";
import { until, untilAcknowledged } from "./scan.ts";

const skip = without("redis-server", "python3-celery", "openssl");
const options = { skip, timeout: 300_000 };
const minute = () => AbortSignal.timeout(60_000);

for (const { transport, tls } of transports) {
  const world = skip ? (undefined as never) : await startMixedWorld({ tls });
  const { client, python } = world ?? {};

  test(`${transport}: both workers on one queue do every task once, and both take part`, options, async (t) => {
    const queue = world.queue();
    const log = await pythonLog(t);
    const [ours, worker] = await both(t, world, queue, log);
    const ids = await Promise.all(Array.from({ length: 200 }, () => client.send(queue, "nap", { args: [0.02] })));
    const values = await Promise.all(ids.map((id) => client.result(id).wait(minute())));
    await untilAcknowledged(world.broker, queue);
    const theirs = log.lines().map((line) => line.split(" ")[1]!);
    assert.deepEqual([...ours.map(({ id }) => id), ...theirs].sort(), [...ids].sort());
    assert.ok(ours.length > 20 && theirs.length > 20, `ours ${ours.length}, Python's ${theirs.length}`);
    assert.equal(values.filter((value) => value === "python").length, theirs.length);
    const { counts } = worker.facts();
    assert.deepEqual([counts.succeeded, counts.duplicate, counts.leaseLost], [ours.length, 0, 0]);
  });

  test(`${transport}: both workers serve what Python and we have sent by its priority`, options, async (t) => {
    const queue = world.queue();
    const log = await pythonLog(t);
    const priorities = [9, 6, 3, 0, 9, 6, 3, 0];
    const ids: string[] = [];
    for (const [round, priority] of [...priorities, ...priorities, ...priorities].entries()) {
      if (round % 2 === 0) ids.push(await client.send(queue, "nap", { args: [0.05], priority }));
      else ids.push(await python.run(`app.send_task("nap", (0.05,), queue="${queue}", priority=${priority}).id`));
    }
    const [ours] = await both(t, world, queue, log);
    for (const id of ids) await client.result(id).wait(minute());
    await untilAcknowledged(world.broker, queue);
    const theirs = log.lines().map((line) => Number(line.split(" ")[2]));
    const mine = ours.map(({ priority }) => priority);
    for (const [who, order] of Object.entries({ mine, theirs })) {
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
        who,
      );
    }
    assert.equal(mine.length + theirs.length, ids.length);
  });

  test(`${transport}: tasks call tasks of the other language, and wait for what they answer`, options, async (t) => {
    const queue = world.queue();
    const theirs = world.queue();
    const log = await pythonLog(t);
    await startPythonWorker(t, world.redis, { queue: theirs, log });
    const sums: Task = {
      name: "sums",
      async run(context) {
        const id = await context.send(theirs, "add", { args: [...context.request.args] });
        return `Python says ${await client.result(id).wait(context.signal)}`;
      },
    };
    await world.work(t, queue, [sums, ...peerTasks]);
    const asked = await client.send(queue, "sums", { args: [20, 22] });
    assert.equal(await client.result(asked).wait(minute()), "Python says 42");
    const [child] = await client.result(asked).children();
    assert.equal(await child!.wait(minute()), 42);

    // Python's task sends to the queue from which it came: back to Python. One of ours gets there through its name.
    const called = await python.run<string>(`app.send_task("calls", ("add", 1, 2), queue="${theirs}").get(timeout=60)`);
    assert.equal(await client.result(called).wait(minute()), 3);
  });

  test(`${transport}: a chord's members are done half here and half there, whoever composed it`, options, async (t) => {
    const here = world.queue();
    const there = world.queue();
    const log = await pythonLog(t);
    await startPythonWorker(t, world.redis, { queue: there, log });
    await world.work(t, here, peerTasks);
    const add = (queue: string, ...args: number[]) => signature<number>("add", args, { queue });
    const total = (queue: string) => signature<number>("total", [], { queue });
    const halves = [here, there, here, there, here, there];
    const wait = async (canvas: Canvas) => (await client.apply(canvas)).wait(minute());
    for (const body of [here, there]) {
      for (let round = 0; round < 5; round++) {
        const header = halves.map((queue, n) => add(queue, n, n));
        assert.equal(await wait(chord(header, total(body))), 30);
        const composed = `arrived(chord([app.signature("add", args=(n, n), queue=q) for n, q in enumerate(${JSON.stringify(halves)})],
                                app.signature("total", queue="${body}")).apply_async())`;
        assert.equal(await python.run(composed), 30);
      }
      const deep = chord(
        [
          chord(
            halves.map((queue) => add(queue, 1, 1)),
            total(there),
          ),
          add(here, 1, 1),
        ],
        total(body),
      );
      assert.equal(await wait(deep), 14);
      assert.deepEqual(await wait(chain(add(here, 1, 1), add(there, 1), group(add(here, 1), add(there, 2)))), [4, 5]);
    }
    await untilAcknowledged(world.broker, there);
    const left = (await world.redis.cli("KEYS", "celery-taskset-meta-*"))
      .split("\n")
      .filter((key) => /\.[jtsu]$/.test(key));
    assert.deepEqual(left, []);

    // Python leaves the keys of a chord that has failed to the end of their time.
    for (const body of [here, there]) {
      for (const culprit of [here, there]) {
        const failing = chord(
          [...halves.map((queue) => add(queue, 1, 1)), signature("fail", ["x"], { queue: culprit })],
          total(body),
        );
        await assert.rejects(wait(failing), (error: unknown) => {
          assert.ok(error instanceof TaskFailed);
          assert.equal(error.remote.exc_type, "ChordError");
          assert.match(String(error.remote.exc_message), /^Dependency [0-9a-f-]+ raised ValueError\('x'\)$/);
          return true;
        });
      }
    }
  });

  test(`${transport}: topic and fanout exchanges lead from Python to us and from us to Python`, options, async (t) => {
    const queue = world.queue();
    const north = { name: world.queue(), exchange: "sky", exchangeType: "topic", routingKey: "north.*" } as const;
    // Python's workers listen to their broadcasts under the default routing key.
    const news = { name: world.queue(), exchange: "news", exchangeType: "fanout", routingKey: "celery" } as const;
    const worker = await world.work(t, queue, peerTasks, { queues: [queue, north, news] });
    const reached = () => worker.events.all("task:succeeded").map((event) => event.queue);
    await python.run(`
      sky, news = Exchange("sky", type="topic"), Exchange("news", type="fanout")
      connection = app.connection()
      m31 = Queue("python-m31", sky, routing_key="*.m31")(connection.default_channel)
      m31.declare()
      heard = []
      told = Queue("python-news", news, routing_key="celery", auto_delete=True)
      consumer = connection.Consumer(told, callbacks=[lambda body, message: (heard.append(message.headers["id"]), message.ack())])
      consumer.consume()
      # A subscription counts from its first round on.
      try:
          connection.drain_events(timeout=1)
      except OSError:
          pass
    `);
    await python.run(`
      app.send_task("who", exchange="sky", routing_key="north.m31", declare=[sky]).get(timeout=60)
      app.send_task("who", exchange="sky", routing_key="south.m31", declare=[sky])
      app.send_task("who", exchange="news", routing_key="celery", declare=[news]).get(timeout=60)
    `);
    assert.deepEqual(reached(), [north.name, news.name]);

    const toSky = await client.send("", "who", { exchange: "sky", routingKey: "north.m31" });
    const toNews = await client.send("", "who", { exchange: "news", routingKey: "celery" });
    for (const id of [toSky, toNews]) assert.equal(await client.result(id).wait(minute()), "ours");
    const seen = await python.run(`
      try:
          while True:
              connection.drain_events(timeout=2)
      except OSError:
          pass
      messages = [m31.get(no_ack=True) for _ in range(4)]
      [[m.headers["id"] for m in messages if m], heard]
    `);
    const [m31, heard] = seen as [string[], string[]];
    assert.equal(m31.length, 3);
    assert.equal(m31.at(-1), toSky);
    assert.ok(heard.includes(toNews));
  });
}

const plain = skip ? (undefined as never) : await startMixedWorld({ tls: false });

test(
  "what a Python worker that was killed had acknowledged late, ours does by kombu's rule; early, nobody does",
  options,
  async (t) => {
    for (const late of [true, false]) {
      const queue = plain.queue();
      const log = await pythonLog(t);
      const victim = await startPythonWorker(t, plain.redis, { queue, log, conf: { task_acks_late: late } });
      const id = await plain.client.send(queue, "sleep", { args: [600] });
      await until("it has begun in Python", () => log.lines().includes(`started ${id}`));
      await victim.stop("SIGKILL");
      const { host, port } = plain.redis;
      const broker = redisBroker({ host, port, lease: 2_000, visibilityTimeout: 1 });
      await broker.connect();
      t.after(() => broker.close());
      const takesOver: Task = { name: "sleep", run: async ({ request }) => [request.redelivered, "ours"] };
      const worker = await plain.work(t, queue, [takesOver], { broker });
      if (late) {
        assert.deepEqual(await plain.client.result(id).wait(minute()), [true, "ours"]);
        continue;
      }
      // All that is lost comes back within a round of looking; what has none of it is done by then.
      const witness = randomUUID();
      await plain.redis.cli("ZADD", "unacked_index", "1", witness);
      await plain.redis.cli("HSET", "unacked", witness, JSON.stringify([{}, "", "elsewhere"]));
      await until("it has looked", async () => (await plain.redis.cli("HEXISTS", "unacked", witness)) === "0");
      assert.equal(worker.facts().counts.received, 0);
      assert.equal(await plain.redis.cli("LLEN", queue), "0");
    }
  },
);

/** Python's worker and ours, one task at a time each, on one queue; `nap` tells what ours has done. */
async function both(t: TestContext, world: MixedWorld, queue: string, log: Awaited<ReturnType<typeof pythonLog>>) {
  const napped: { id: string; priority: number }[] = [];
  const nap: Task = {
    name: "nap",
    async run({ request: { id, priority, args } }) {
      napped.push({ id, priority });
      await new Promise((resolve) => setTimeout(resolve, Number(args[0]) * 1000));
      return "ours";
    },
  };
  await startPythonWorker(t, world.redis, { queue, log });
  const worker = await world.work(t, queue, [nap], { concurrency: 1, prefetchMultiplier: 1 });
  return [napped, worker] as const;
}
