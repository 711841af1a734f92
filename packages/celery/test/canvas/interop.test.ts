import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis, type TestRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { chain, group, immutableSignature, signature } from "../../src/canvas/compose.ts";
import {
  createClient,
  createWorker,
  redisBroker,
  redisResults,
  type Task,
  TaskFailed,
  type WorkerOptions,
} from "../../src/index.ts";
import { writeChordMember } from "../../src/results/chord-member.ts";
import { pythonLog } from "../interop/python-peer.ts";
import { until } from "../interop/scan.ts";
import { plain } from "./canvas-world.ts";
import { canvases } from "./canvases.ts";
import { askPython, outcomesInPython, queue, startCanvasWorker } from "./python-canvas.ts";

const skip = without("redis-server", "python3-celery");

const inPython = canvases.filter(({ python }) => python !== undefined);
const names = inPython.map(({ python }) => python!);
const expected = Object.fromEntries(inPython.map(({ python, value }) => [python, { value }]));

test("what Python composes comes to the same in our worker", { skip, timeout: 400_000 }, async (t) => {
  const { redis, work } = await startWorld(t);
  await work(4);
  assert.deepEqual(await outcomesInPython(redis, ...names), expected);
  assert.deepEqual(await keysOfChords(redis), []);
});

test("what we compose comes to the same in a Python worker", { skip, timeout: 400_000 }, async (t) => {
  const { scope, redis, client } = await startWorld(t);
  await startCanvasWorker(scope, redis);
  const results = await Promise.all(canvases.map(async ({ canvas }) => client.apply(canvas())));
  const values = await Promise.all(results.map((result) => result.wait(AbortSignal.timeout(200_000))));
  for (const [index, { story, value }] of canvases.entries()) assert.deepEqual(plain(values[index]), value, story);
});

test("Python's worker and ours do one canvas together, whoever composed it", { skip, timeout: 400_000 }, async (t) => {
  const { scope, redis, client, work } = await startWorld(t);
  await startCanvasWorker(scope, redis);
  const ours = await work(1);
  for (let round = 0; round < 3; round++) {
    const results = await Promise.all(canvases.map(async ({ canvas }) => client.apply(canvas())));
    const seen = await outcomesInPython(redis, ...names);
    assert.deepEqual(seen, expected);
    const values = await Promise.all(results.map((result) => result.wait(AbortSignal.timeout(200_000))));
    for (const [index, { story, value }] of canvases.entries()) assert.deepEqual(plain(values[index]), value, story);
  }
  assert.ok(ours.facts().counts.succeeded > 50, `ours has done ${ours.facts().counts.succeeded}`);
  // A Python worker counts a group that stands in a header, too, and leaves that count behind.
  assert.deepEqual(
    (await keysOfChords(redis)).filter((key) => !key.endsWith(".s")),
    [],
  );
});

test("what fails in our worker is to Python what it is in Python's own", { skip, timeout: 400_000 }, async (t) => {
  const { scope, redis, work } = await startWorld(t);
  const failing = ["failing_chain", "failing_chord", "failing_step_in_header"];
  const python = await startCanvasWorker(scope, redis);
  const theirs = await outcomesInPython(redis, ...failing);
  await python.stop();
  await work(2);
  assert.deepEqual(withoutIds(await outcomesInPython(redis, ...failing)), withoutIds(theirs));
});

test("what takes the place of a Python task is done by whom it may concern", { skip, timeout: 400_000 }, async (t) => {
  const { scope, redis, work } = await startWorld(t);
  const becoming = ["becoming_task", "becoming_chain", "becoming_group"];
  const values = { becoming_task: { value: 43 }, becoming_chain: { value: 43 }, becoming_group: { value: 6 } };
  await startCanvasWorker(scope, redis);
  assert.deepEqual(await outcomesInPython(redis, ...becoming), values);
  await work(1);
  for (let round = 0; round < 3; round++) assert.deepEqual(await outcomesInPython(redis, ...becoming), values);
});

test("our client sees what fails in Python, and its errbacks are called there", {
  skip,
  timeout: 400_000,
}, async (t) => {
  const { scope, redis, client } = await startWorld(t);
  const log = await pythonLog(t);
  await startCanvasWorker(scope, redis, log.path);
  const failing = await client.apply(immutableSignature("fail", ["no"]).linkError(signature("noted")));
  await assert.rejects(failing.wait(AbortSignal.timeout(60_000)), (error: unknown) => {
    assert.ok(error instanceof TaskFailed);
    assert.deepEqual(error.remote, { exc_type: "ValueError", exc_message: ["no"], exc_module: "builtins" });
    return true;
  });
  await until("the errback is called", () => log.lines().includes(`noted ${failing.id}`));
});

test("a group that one side saves, the other restores", { skip, timeout: 400_000 }, async (t) => {
  const { redis, client, work } = await startWorld(t);
  await work(2);
  const ours = await client.apply(
    group(signature("add", [1, 1]), chain(signature("add", [2, 2]), signature("add", [3]))),
  );
  await client.saveGroup(ours);
  assert.deepEqual(await askPython(redis, ["group", ours.id]), { value: [2, 7] });

  const [id, members] = (await askPython(redis, ["saved"])) as [string, string[]];
  const theirs = await client.group(id);
  assert.deepEqual(
    theirs?.members?.map((member) => member.id),
    members,
  );
  assert.deepEqual(await theirs?.wait(AbortSignal.timeout(60_000)), [2, 4]);
  assert.equal(await theirs?.state(), "SUCCESS");
  assert.equal(await client.group("never saved"), undefined);
});

test("Python sees children, and with result_extended what the task was called with", {
  skip,
  timeout: 400_000,
}, async (t) => {
  const { redis, client, work } = await startWorld(t);
  const worker = await work(2, { resultExtended: true, name: "celery@ours" });
  const callbacks = [signature("list", ["callback"]), group(signature("list"), signature("list"))];
  const result = await client.apply(chain(signature("add", [1, 1]).link(...callbacks), signature("add", [1])));
  await result.wait(AbortSignal.timeout(60_000));
  const seen = (await askPython(redis, ["seen", result.parent!.id])) as { children: [string, string[]][] };
  assert.deepEqual(
    seen.children.map(([, members]) => members.length),
    [2, 0, 0],
  );
  assert.equal(seen.children[2]![0], result.id);
  const { children, ...told } = seen;
  const expected = { name: "add", args: [1, 1], kwargs: {}, worker: worker.name, retries: 0, queue };
  assert.deepEqual(told, expected);
});

test("a member that ran here and again in Python counts once: both write the same bytes", { skip }, async (t) => {
  const { redis } = await startWorld(t);
  const results: unknown[] = [
    ...[
      null,
      true,
      0,
      -7,
      1.5,
      -2.5e-7,
      0.00001,
      1e21,
      1.5e300,
      123456789012345680000,
      9007199254740993n,
      "",
      "plain",
      'it\'s "quoted", \\ and: more',
    ],
    ...["höhe ✓ 🌌", "\u0000\n\u007f\ud800", [], {}, [1, [2, { a: "b, c", "d: e": [null] }]]],
    { exc_type: "ValueError", exc_message: ["no"], exc_module: "builtins" },
  ];
  const parts = results.map((result, index) => ({ taskId: `id-${index}`, state: "SUCCESS" as const, result }));
  const input = parts.map(({ taskId, state, result }) => [taskId, state, result]);
  const theirs = await askPython(redis, ["member"], input);
  assert.deepEqual(
    parts.map((part) => writeChordMember(part)),
    theirs,
  );
});

async function startWorld(t: TestContext) {
  // Redis goes last.
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const scope = { after: (end: () => unknown) => void ends.push(end) };
  const redis = await startRedis(scope);
  const server = { host: redis.host, port: redis.port };
  const [broker, results] = [redisBroker(server), redisResults(server)];
  await broker.connect();
  await results.connect();
  scope.after(() => Promise.all([broker.close(), results.close()]));
  const client = createClient({ broker, results, defaultQueue: queue });

  async function work(concurrency: number, more: Partial<WorkerOptions> = {}) {
    const worker = createWorker({ broker, results, queues: [queue], defaultQueue: queue, tasks, concurrency, ...more });
    scope.after(() => worker.stop({ grace: 0 }));
    await worker.start();
    return worker;
  }

  return { scope, redis, client, work };
}

const tasks: Task[] = [
  { name: "add", run: async ({ request: { args } }) => Number(args[0]) + Number(args[1]) },
  { name: "total", run: async ({ request: { args } }) => (args[0] as number[]).reduce((sum, one) => sum + one, 0) },
  { name: "list", run: async ({ request: { args } }) => args },
  {
    name: "fail",
    async run({ request: { args } }) {
      throw Object.assign(new Error(String(args[0] ?? "no")), { name: "ValueError" });
    },
  },
  {
    name: "become",
    async run({ request: { args }, replace }) {
      const add = (...numbers: number[]) => signature("add", numbers);
      const kinds = { task: add(20, 22), chain: chain(add(20, 20), add(2)), group: group(add(1, 1), add(2, 2)) };
      return replace(kinds[args[0] as keyof typeof kinds]);
    },
  },
];

/** Nobody needs them any more when all is done. */
async function keysOfChords(redis: TestRedis): Promise<string[]> {
  return (await redis.cli("keys", "celery-taskset-meta-*")).split("\n").filter((key) => /\.[jtsu]$/.test(key));
}

function withoutIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>"));
}
