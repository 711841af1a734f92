import assert from "node:assert/strict";
import { after, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import {
  type Canvas,
  chain,
  chord,
  createControl,
  group,
  immutableSignature,
  type SendOptions,
  signature,
  TaskFailed,
} from "../../src/index.ts";
import { writeJson } from "../../src/message/write-json.ts";
import { startMixedWorld, transports } from "./mixed-world.ts";
import { pythonLog, startPythonWorker } from "./python-peer.ts";
import { until } from "./scan.ts";

const skip = without(
  "redis-server",
  "python3-celery",
  "python3-msgpack",
  "python3-yaml",
  "python3-zstandard",
  "python3-brotli",
  "openssl",
);
const options = { skip, timeout: 300_000 };
const soon = () => AbortSignal.timeout(60_000);
const queue = "python";

for (const { transport, tls } of transports) {
  const world = skip ? (undefined as never) : await startMixedWorld({ tls });
  const log = skip ? (undefined as never) : await pythonLog({ after });
  // Two processes, of which one may be killed under a task.
  if (!skip) {
    const conf = { task_track_started: true, result_extended: true, task_default_queue: queue };
    await startPythonWorker({ after }, world.redis, {
      ...{ queue, log, conf },
      arguments: ["--pool", "prefork", "--concurrency", "2"],
    });
  }
  const { client } = world ?? {};
  const call = async <Value = unknown>(name: string, more: SendOptions = {}) =>
    client.result<Value>(await client.send(queue, name, more)).wait(soon());
  const failure = async (name: string, more: SendOptions = {}): Promise<TaskFailed> => {
    try {
      await call(name, more);
    } catch (error) {
      if (error instanceof TaskFailed) return error;
      throw error;
    }
    throw new Error(`${name} has succeeded`);
  };

  test(`${transport}: a Python worker reads what we send in all serializers and compressions`, options, async () => {
    const args = [1, 2n ** 53n + 1n, -1.5, "höhe ✓ 🔭", null, true, [], { deep: [{ er: [1] }] }, "m31 ".repeat(5000)];
    const beyond = [2n ** 200n, Number.POSITIVE_INFINITY, Number.NaN, "\ud800"];
    for (const serializer of ["json", "msgpack", "yaml"] as const) {
      for (const compression of [undefined, "zlib", "zstd", "brotli"] as const) {
        const given = serializer === "json" && !compression ? [...args, ...beyond] : args;
        const kwargs = { site: "Cerro Chajnantor", args: given };
        const how = { args: given, kwargs, serializer, ...(compression && { compression }) };
        assert.equal(
          writeJson(await call("echo", how)),
          writeJson({ args: given, kwargs }),
          `${serializer} ${compression}`,
        );
      }
    }
  });

  test(`${transport}: a Python task knows every option that we send it with`, options, async () => {
    const now = Date.now();
    const id = await client.send(queue, "request", {
      ...{ args: [1, "two"], kwargs: {}, priority: 6, countdown: 1, expires: 600, timeLimit: 60, softTimeLimit: 50 },
      ...{ shadow: "another name", replyTo: "me", headers: { note: "mine" }, rootId: "root", parentId: "parent" },
    });
    const seen = await client.result<Record<string, unknown>>(id).wait(soon());
    const { eta, expires, argsrepr, origin, ...rest } = seen;
    assert.ok(Math.abs(Date.parse(String(eta)) - now - 1000) < 30_000, String(eta));
    assert.ok(Math.abs(Date.parse(String(expires)) - now - 600_000) < 30_000, String(expires));
    assert.deepEqual([argsrepr, typeof origin], ["(1, 'two')", "string"]);
    assert.deepEqual(
      { ...rest },
      {
        ...{ id, retries: 0, timelimit: [60, 50], shadow: "another name", priority: 6, routing_key: queue },
        ...{ reply_to: "me", correlation_id: id, root_id: "root", parent_id: "parent", note: "mine", kwargsrepr: "{}" },
      },
    );
  });

  test(`${transport}: a Python worker waits, gives up and ends tasks when we say so`, options, async () => {
    const start = Date.now();
    assert.equal(await call("add", { args: [1, 2], countdown: 1.5 }), 3);
    assert.ok(Date.now() - start > 1_400);
    assert.equal((await failure("add", { args: [1, 2], expires: new Date(0) })).remote.exc_type, "TaskRevokedError");
    assert.equal(await call("patient", { args: [30], softTimeLimit: 1 }), "warned");
    const ended = await failure("sleep", { args: [30], timeLimit: 1 });
    assert.deepEqual([ended.remote.exc_type, ended.remote.exc_module], ["TimeLimitExceeded", "billiard.exceptions"]);
    const silent = await client.send(queue, "noted", { args: ["silent"], ignoreResult: true });
    await until("it has run", () => log.lines().includes('noted ["silent"]'));
    // Python stores that it begins nevertheless.
    assert.equal(await client.result(silent).state(), "STARTED");
  });

  test(`${transport}: we see a Python task's states, retries and failures`, options, async () => {
    const id = await client.send(queue, "sleep", { args: [1.5] });
    await until("it is STARTED", async () => (await client.result(id).state()) === "STARTED");
    assert.match(JSON.stringify((await client.result(id).get())?.result), /"pid":\d+/);
    assert.equal(await client.result(id).wait(soon()), "slept in Python");
    const meta = await client.result(id).get();
    assert.deepEqual([meta?.name, meta?.args, meta?.queue], ["sleep", [1.5], queue]);

    assert.equal(await call("again", { args: [2] }), 2);
    const failed = await failure("fail", { args: ["not today"] });
    assert.deepEqual(failed.remote, { exc_type: "ValueError", exc_message: ["not today"], exc_module: "builtins" });
    assert.match(failed.traceback ?? "", /peer\.py/);
    const unknown = await failure("nobody.knows");
    assert.deepEqual([unknown.remote.exc_type, unknown.remote.exc_message], ["NotRegistered", ["nobody.knows"]]);
    const wrong = await failure("add", { args: [1] });
    assert.equal(wrong.remote.exc_type, "TypeError");
  });

  test(`${transport}: a Python worker does our canvas, with callbacks and errbacks`, options, async () => {
    const add = (...args: number[]) => signature<number>("add", args, { queue });
    const total = () => signature<number>("total", [], { queue });
    const wait = async (canvas: Canvas) => (await client.apply(canvas)).wait(soon());
    const cases: [Canvas, unknown][] = [
      [chain(add(1, 1), add(2), immutableSignature("add", [3, 4], { queue })), 7],
      [group(add(1, 1), add(2, 2)), [2, 4]],
      [chord([add(1, 1), add(2, 2)], total()), 6],
      [chord([chord([add(1, 1), add(2, 2)], total()), add(10, 10)], chain(total(), add(1))), 27],
      [chain(add(1, 1), group(add(1), chain(add(2), add(3))), total(), chord([add(1), add(2)], total())), 23],
    ];
    for (const [canvas, value] of cases) assert.deepEqual(await wait(canvas), value);

    await wait(add(1, 2).link(signature("noted", ["linked"], { queue })));
    await until("the callback has run", () => log.lines().includes('noted [3, "linked"]'));
    const failing = await client.apply(
      signature("fail", ["x"], { queue, linkError: [signature("noted", ["failed"], { queue })] }),
    );
    await assert.rejects(failing.wait(soon()), TaskFailed);
    await until("the errback has run", () => log.lines().includes(`noted ["${failing.id}", "failed"]`));
    const dependent = await client.apply(chord([add(1, 1), signature("fail", ["x"], { queue })], total()));
    await assert.rejects(
      dependent.wait(soon()),
      (error: unknown) => error instanceof TaskFailed && error.remote.exc_type === "ChordError",
    );
  });

  test(`${transport}: we revoke tasks that wait and tasks that run in a Python worker`, options, async () => {
    const control = createControl({ broker: world.broker });
    const later = await client.send(queue, "add", { args: [1, 1], countdown: 600 });
    const running = await client.send(queue, "sleep", { args: [600] });
    await until("it has begun", () => log.lines().includes(`started ${running}`));
    const [node] = Object.keys(await control.inspect.ping({ timeout: 3_000 }));
    await until("the other is scheduled", async () => {
      const scheduled = await control.inspect.scheduled({ destination: [node!], timeout: 30_000 });
      return JSON.stringify(scheduled).includes(later);
    });
    await control.revoke(later, {}, { destination: [node!], timeout: 30_000 });
    await control.revoke(running, { terminate: true }, { destination: [node!], timeout: 30_000 });
    const ended = await client
      .result(running)
      .wait(soon())
      .catch((error: unknown) => error);
    assert.ok(ended instanceof TaskFailed);
    assert.deepEqual([ended.remote.exc_type, ended.remote.exc_message], ["TaskRevokedError", ["terminated"]]);
    const revoked = await control.inspect.revoked({ destination: [node!], timeout: 30_000 });
    assert.ok([later, running].every((id) => (revoked[node!] as string[]).includes(id)));
    assert.equal(await call("add", { args: [20, 22] }), 42);
  });
}
