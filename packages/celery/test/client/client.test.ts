import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { chain, chord, group, signature } from "../../src/canvas/compose.ts";
import { type ClientOptions, createClient } from "../../src/client/client.ts";
import {
  createWorker,
  MemoryBrokerHub,
  memoryBroker,
  memoryResults,
  type Task,
  task,
  type Worker,
} from "../../src/index.ts";
import { decodeTask } from "../../src/message/decode-task.ts";
import type { Envelope } from "../../src/message/envelope.ts";

test("every option of a task that is sent is in its message, where Python looks for it", async (t) => {
  const { client, sent } = await startWorld(t);
  const eta = new Date(Date.now() + 60_000);
  const id = await client.send("deep_sky", "add", {
    args: [1, { deep: 9007199254740993n }],
    kwargs: { y: 2 },
    id: "an id",
    priority: 3,
    eta,
    expires: new Date(eta.getTime() + 1000),
    timeLimit: 10,
    softTimeLimit: 8,
    ignoreResult: true,
    shadow: "sum",
    serializer: "msgpack",
    compression: "zstd",
    replyTo: "me",
    headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "x=1" },
    stamps: { night: "2026-01-02" },
    link: [signature("note", ["done"])],
    linkError: [signature("note", ["failed"])],
    groupId: "a group",
    groupIndex: 4,
    parentId: "a parent",
    rootId: "a root",
  });
  assert.equal(id, "an id");
  const [{ address, envelope }] = sent as [Sent];
  assert.equal(address, "deep_sky");
  assert.deepEqual(
    [envelope["content-type"], envelope.headers.compression],
    ["application/x-msgpack", "application/zstd"],
  );
  const { headers, properties } = envelope;
  assert.deepEqual(
    [headers.traceparent, headers.tracestate],
    ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x=1"],
  );
  assert.deepEqual([properties.reply_to, properties.priority, properties.correlation_id], ["me", 3, "an id"]);
  const { args, kwargs, embed, stamps, ...read } = decodeTask(envelope, { accept: ["msgpack"] });
  assert.deepEqual([args[0], (args[1] as { deep: bigint }).deep, { ...kwargs }], [1, 9007199254740993n, { y: 2 }]);
  assert.deepEqual({ ...stamps }, { night: "2026-01-02" });
  assert.deepEqual(read.eta, eta);
  assert.deepEqual(read.expires, new Date(eta.getTime() + 1000));
  assert.deepEqual(
    [read.timeLimits, read.ignoreResult, read.shadow, read.groupId, read.groupIndex, read.parentId, read.rootId],
    [[10, 8], true, "sum", "a group", 4, "a parent", "a root"],
  );
  assert.deepEqual(
    [embed.callbacks, embed.errbacks].map((list) => (list as { args: unknown[] }[]).map((one) => one.args[0])),
    [["done"], ["failed"]],
  );
});

test("countdown and seconds to live are counted from the sending", async (t) => {
  const { client, sent } = await startWorld(t);
  const before = Date.now();
  await client.send("deep_sky", "add", { countdown: 10, expires: 20 });
  const { eta, expires } = decodeTask(sent[0]!.envelope);
  const after = Date.now();
  assert.ok(eta!.getTime() >= before + 10_000 && eta!.getTime() <= after + 10_000);
  assert.ok(expires!.getTime() >= before + 20_000 && expires!.getTime() <= after + 20_000);
});

test("a signature goes to its queue, its exchange, where the route says, or to the default queue", async (t) => {
  const route = (name: string) => (name.startsWith("fits.") ? "fits" : undefined);
  const { client, sent } = await startWorld(t, { route, defaultQueue: "rest" });
  await client.apply(signature("add"));
  await client.apply(signature("fits.read"));
  await client.apply(signature("fits.read", [], { queue: "mine" }));
  await client.apply(group(signature("add").set({ exchange: "topic", routingKey: "a.b" })));
  await client.send("ignored", "add", { exchange: "topic", routingKey: "c.d" });
  assert.deepEqual(
    sent.map(({ address }) => address),
    ["rest", "fits", "mine", { exchange: "topic", routingKey: "a.b" }, { exchange: "topic", routingKey: "c.d" }],
  );
});

test("a task object stands for its name, and its types are those of the result", async (t) => {
  const add = task("add", async (_, x: number, y: number) => x + y);
  const { client, work } = await startWorld(t);
  await work([add]);
  const sum = await client.apply(signature(add, [20, 22]));
  const value: number = await sum.wait(AbortSignal.timeout(30_000));
  assert.equal(value, 42);
  const id = await client.send("celery", add, { args: [1, 1] });
  assert.equal(await client.result<number>(id).wait(AbortSignal.timeout(30_000)), 2);
  // @ts-expect-error a text is no number
  () => client.send("celery", add, { args: ["1", 1] });
});

test("a result tells its state, what it follows, what it has sent, and is forgotten with all that leads to it", async (t) => {
  const { client, work, results } = await startWorld(t);
  const later = await client.apply(
    chain(group(signature("add", [1, 1]), signature("add", [2, 2])), signature("total")),
  );
  assert.equal(await later.state(), "PENDING");
  assert.equal(await later.parent!.state(), "PENDING");
  await work([add, total]);
  assert.equal(await later.wait(AbortSignal.timeout(30_000)), 6);
  assert.equal(await later.state(), "SUCCESS");
  assert.equal((await later.get())?.result, 6);
  const header = later.parent!;
  assert.deepEqual([await header.state(), await header.wait(AbortSignal.timeout(30_000))], ["SUCCESS", [2, 4]]);
  assert.equal(await header.get(), undefined);
  assert.deepEqual(await header.children(), [...header.members!]);

  const chained = await client.apply(chain(signature("add", [1, 1]), signature("add", [1])));
  await chained.wait(AbortSignal.timeout(30_000));
  assert.deepEqual(
    (await chained.parent!.children()).map(({ id }) => id),
    [chained.id],
  );
  await later.forget();
  for (const { id } of [later, ...header.members!]) assert.equal(await results.get(id), undefined);
});

test("a group that fails tells which; a saved one is found again", async (t) => {
  const { client, work } = await startWorld(t);
  await work([add, failing]);
  const mixed = await client.apply(
    group(signature("add", [1, 1]), signature("failing"), chord([], signature("failing"))),
  );
  await client.saveGroup(mixed);
  const again = await client.group(mixed.id);
  await assert.rejects(again!.wait(AbortSignal.timeout(30_000)), { code: "CDT-TASK-FAILED" });
  await Promise.allSettled(again!.members!.map((member) => member.wait(AbortSignal.timeout(30_000))));
  assert.equal(await again!.state(), "FAILURE");
  assert.deepEqual(await Promise.all(again!.members!.map((member) => member.state())), [
    "SUCCESS",
    "FAILURE",
    "FAILURE",
  ]);
  assert.equal(await client.group("never saved"), undefined);
});

test("the error of a task that another waited for is the other's error, too", async (t) => {
  const { client, work } = await startWorld(t);
  const waits: Task = {
    name: "waits",
    run: ({ request }) => client.result(String(request.args[0])).wait(AbortSignal.timeout(30_000)),
  };
  await work([failing, waits]);
  const first = await client.apply(signature("failing"));
  const second = await client.apply(signature("waits", [first.id]));
  await assert.rejects(second.wait(AbortSignal.timeout(30_000)), {
    remote: { exc_type: "ValueError", exc_message: ["no"], exc_module: "builtins" },
  });
});

test("what cannot be sent is refused, and nothing of it is sent", async (t) => {
  const { client, sent } = await startWorld(t);
  await assert.rejects(client.apply({ ...signature("add"), args: 7 } as never), { code: "CDT-MALFORMED-CANVAS" });
  const bad = { ...signature("add"), options: { priority: "high" } } as never;
  await assert.rejects(client.apply(group(signature("add"), bad)), { code: "CDT-MALFORMED-CANVAS" });
  await assert.rejects(client.send("q", "add", { args: [new Map()] }), { code: "CDT-UNENCODABLE-VALUE" });
  assert.deepEqual(sent, []);
});

interface Sent {
  address: unknown;
  envelope: Envelope;
}

async function startWorld(t: TestContext, options: Partial<ClientOptions> = {}) {
  const broker = memoryBroker({ hub: new MemoryBrokerHub() });
  const results = memoryResults();
  await broker.connect();
  await results.connect();
  const sent: Sent[] = [];
  const client = createClient({
    broker,
    results,
    onSent: (address, envelope) => sent.push({ address, envelope }),
    ...options,
  });
  const workers: Worker[] = [];
  t.after(async () => {
    await Promise.all(workers.map((worker) => worker.stop({ grace: 0 })));
    await broker.close();
    await results.close();
  });
  await broker.declare([{ name: "routed", exchange: "topic", exchangeType: "topic", routingKey: "#" }]);

  async function work(tasks: Task[]): Promise<void> {
    const worker = createWorker({ broker, results, queues: ["celery"], tasks, concurrency: 4, mingle: false });
    workers.push(worker);
    await worker.start();
  }

  return { client, results, sent, work };
}

const add: Task = { name: "add", run: async ({ request: { args } }) => Number(args[0]) + Number(args[1]) };
const total: Task = {
  name: "total",
  run: async ({ request: { args } }) => (args[0] as number[]).reduce((sum, one) => sum + one, 0),
};
const failing: Task = {
  name: "failing",
  async run() {
    throw Object.assign(new Error("no"), { name: "ValueError" });
  },
};
