import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { chain, chord, group, signature } from "../../src/canvas/compose.ts";
import {
  createClient,
  createWorker,
  redisBroker,
  redisResults,
  type Task,
  type WorkerOptions,
} from "../../src/index.ts";
import { plain } from "./canvas-world.ts";
import { canvases } from "./canvases.ts";

const skip = without("redis-server");
const queue = "canvas";
const patience = () => AbortSignal.timeout(60_000);

test("each canvas comes to what it should, a hundred times at once", { skip, timeout: 300_000 }, async (t) => {
  const { client, work } = await startWorld(t);
  await work({ concurrency: 8 });
  await work({ concurrency: 8 });
  for (let round = 0; round < 4; round++) {
    const applied = await Promise.all(canvases.map(({ canvas }) => client.apply(canvas())));
    for (const [index, result] of applied.entries()) {
      const { story, value } = canvases[index]!;
      assert.deepEqual(plain(await result.wait(AbortSignal.timeout(120_000))), value, story);
    }
  }
});

test("a chord of a thousand", { skip, timeout: 300_000 }, async (t) => {
  const { client, work, redis } = await startWorld(t);
  await work({ concurrency: 50 });
  const header = Array.from({ length: 1_000 }, (_, n) => signature("add", [n, n]));
  const result = await client.apply(chord(header, signature("total")));
  assert.equal(await result.wait(AbortSignal.timeout(120_000)), 999_000);
  await until(async () => (await redis.cli("keys", "celery-taskset-meta-*.?")) === "");
});

test("a worker is killed in the middle of chords; another finishes them, each body under one id", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { client, work, runs } = await startWorld(t, 2_000);
  const first = await work({ concurrency: 4 });
  const applied = await Promise.all(
    Array.from({ length: 20 }, () =>
      client.apply(chord([signature("add", [1, 1]), signature("slow", [2])], signature("total"))),
    ),
  );
  await until(async () => runs("slow").length >= 4);
  // What it holds comes back as after a kill: its lease ends, nothing is given back.
  await first.abandon();
  await work({ concurrency: 4 });
  for (const result of applied) assert.equal(await result.wait(AbortSignal.timeout(120_000)), 4);
  assert.equal(new Set(runs("total")).size, 20);
});

test("a task sends and replaces canvas, and a failure in it is told to whoever waits", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const { client, work } = await startWorld(t);
  await work({ concurrency: 4 });
  const became = await client.apply(chain(signature("become"), signature("total")));
  assert.equal(await became.wait(patience()), 12);
  const sent = await client.apply(signature("sends"));
  const id = String(await sent.wait(patience()));
  assert.equal(await client.result(id).wait(patience()), 6);
  const [child] = await sent.children();
  assert.deepEqual(plain(await child!.wait(patience())), [2, 4]);
  const failing = await client.apply(chord([signature("fail"), signature("add", [1, 1])], signature("total")));
  await assert.rejects(failing.wait(patience()), /ChordError: Dependency .* raised ValueError\('no'\)/);
});

test("results are wanted by nobody, and the canvas goes on all the same", { skip, timeout: 120_000 }, async (t) => {
  const { client, work, redis } = await startWorld(t);
  await work({ concurrency: 4, ignoreResult: true });
  const silent = { ignoreResult: true };
  const header = [signature("add", [1, 1], silent), signature("add", [2, 2], silent)];
  const result = await client.apply(chain(group(header), signature("total"), signature("slow")));
  await until(async () => (await redis.cli("keys", "celery-taskset-meta-*.?")) === "");
  assert.equal(await result.get(), undefined);
});

async function startWorld(t: TestContext, lease = 60_000) {
  // Redis goes last.
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const redis = await startRedis({ after: (end) => void ends.push(end) });
  const server = { host: redis.host, port: redis.port };
  const results = redisResults(server);
  const broker = redisBroker({ ...server, lease });
  await results.connect();
  await broker.connect();
  const ran: { name: string; id: string }[] = [];
  ends.push(
    () => results.close(),
    () => broker.close(),
  );

  async function work(options: Partial<WorkerOptions>) {
    const own = redisBroker({ ...server, lease });
    await own.connect();
    const counted = tasks.map((task) => ({
      ...task,
      run: (context: Parameters<Task["run"]>[0]) => {
        ran.push(context.request);
        return task.run(context);
      },
    }));
    const worker = createWorker({
      broker: own,
      results,
      queues: [queue],
      defaultQueue: queue,
      tasks: counted,
      mingle: false,
      ...options,
    });
    await worker.start();
    ends.push(
      () => own.close(),
      () => worker.stop({ grace: 0 }),
    );
    return { abandon: () => own.close() };
  }

  const client = createClient({ broker, results, defaultQueue: queue });
  const runs = (name: string) => ran.filter((one) => one.name === name).map(({ id }) => id);
  return { redis, client, work, runs };
}

const tasks: Task[] = [
  { name: "add", run: async ({ request: { args } }) => Number(args[0]) + Number(args[1]) },
  { name: "total", run: async ({ request: { args } }) => (args[0] as number[]).reduce((sum, one) => sum + one, 0) },
  { name: "list", run: async ({ request: { args } }) => args },
  {
    name: "slow",
    run: ({ request: { args } }) => new Promise((resolve) => setTimeout(resolve, 50, args[0])),
  },
  {
    name: "fail",
    async run() {
      throw Object.assign(new Error("no"), { name: "ValueError" });
    },
  },
  {
    name: "become",
    run: async ({ replace }) => replace(group(signature("add", [1, 1]), signature("add", [5, 5]))),
  },
  {
    name: "sends",
    run: ({ apply }) => apply(chord([signature("add", [1, 1]), signature("add", [2, 2])], signature("total"))),
  },
];

/** Asks until it is so, for at most 60 s. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error("it did not happen within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
