import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { type App, type AppOptions, createWorker, defineApp, SettingError, signature, task } from "../../src/index.ts";
import { readPlainMessage } from "../../src/message/plain-envelope.ts";
import { soon } from "../worker/world.ts";

const add = task("add", async (_, x: number, y: number) => x + y);

/** An app, and a connection of it that is closed when the test ends. */
async function connected(t: TestContext, options: Partial<AppOptions>) {
  const app: App = defineApp({ broker: "memory://", backend: "memory://", tasks: [add], ...options });
  const connection = await app.connect();
  t.after(() => connection.close());
  return { app, ...connection };
}

test("an app's connections share what lies in its memory, and its tasks run in a worker made of it", async (t) => {
  const { app, broker, results } = await connected(t, {});
  const worker = createWorker({ broker, results, queues: ["sums"], tasks: app.tasks, mingle: false });
  await worker.start();
  t.after(() => worker.stop());
  const other = await app.connect();
  t.after(() => other.close());
  const id = await other.client.send("sums", add, { args: [2, 40] });
  assert.equal(await other.client.result(id).wait(AbortSignal.timeout(30_000)), 42);
});

test("what is not known among an app's settings is told once, when it is used", async (t) => {
  const told: unknown[] = [];
  const warned = Promise.withResolvers<void>();
  process.on("warning", ({ name, message }) => {
    if (name === "CelerySetting") told.push(message);
    warned.resolve();
  });
  const { app } = await connected(t, { task_ack_late: true } as object);
  await (await app.connect()).close();
  await soon(warned.promise);
  assert.deepEqual(told, ["the setting task_ack_late is not known; did you mean task_acks_late?"]);
});

test("tasks go where task_routes say: an exact name first, then globs, then the default queue", async (t) => {
  const { client, broker } = await connected(t, {
    task_default_queue: "rest",
    task_routes: {
      "video.*": "slow",
      "video.cut": { queue: "fast" },
      "sound.*": { exchange: "media", routing_key: "sound" },
    },
  });
  await broker.declare([{ name: "sounds", exchange: "media", exchangeType: "direct", routingKey: "sound" }]);
  for (const name of ["video.cut", "video.join", "sound.mix", "add"]) await client.apply(signature(name));
  const counts: Record<string, number> = {};
  for (const queue of ["fast", "slow", "sounds", "rest"]) counts[queue] = (await broker.inspect(queue)).waiting;
  assert.deepEqual(counts, { fast: 1, slow: 1, sounds: 1, rest: 1 });
  assert.throws(() => defineApp({ tasks: [], task_routes: { add: { priority: 3 } as never } }), SettingError);
});

test("without a backend results are thrown away, and who asks for one is told why", async (t) => {
  const { client } = await connected(t, { backend: undefined as never });
  const id = await client.send("sums", add, { args: [1, 2] });
  await assert.rejects(client.result(id).wait(AbortSignal.timeout(30_000)), (error: unknown) => {
    return error instanceof SettingError && /no result store is named/.test(error.message);
  });
});

test("with task_send_sent_event a client tells of what it sends, under a producer's name", async (t) => {
  const { client, broker } = await connected(t, { task_send_sent_event: true });
  const heard = Promise.withResolvers<string>();
  await broker.listen({ exchange: "celeryev", routingKey: "#", queue: "listener" }, (raw) => heard.resolve(raw));
  const id = await client.send("sums", add, { args: [1, 2] });
  const event = readPlainMessage(await soon(heard.promise)).body as Record<string, unknown>;
  assert.deepEqual([event.type, event.uuid, event.queue, event.args], ["task-sent", id, "sums", "(1, 2)"]);
  assert.match(String(event.hostname), /^gen\d+@/);
});

test("with task_send_sent_event a worker tells of what its tasks send, and of what follows them", async (t) => {
  const root = task("root", async (context) => void (await context.send("leaves", "leaf")));
  const { app, client, broker, results } = await connected(t, { tasks: [root], task_send_sent_event: true });
  const sent: string[] = [];
  const both = Promise.withResolvers<void>();
  await broker.listen({ exchange: "celeryev", routingKey: "#", queue: "listener" }, (raw) => {
    const event = readPlainMessage(raw).body as Record<string, unknown>;
    if (event.type === "task-sent" && event.hostname === worker.name) sent.push(String(event.name));
    if (sent.length === 2) both.resolve();
  });
  const options = { ...app.settings.worker, queues: ["roots"], tasks: app.tasks, mingle: false };
  const worker = createWorker({ broker, results, ...options });
  await worker.start();
  try {
    await client.apply(signature(root, [], { queue: "roots" }).link(signature("after")));
    await soon(both.promise);
    assert.deepEqual(sent, ["leaf", "after"]);
  } finally {
    // Before its connections are closed: a worker that cannot acknowledge waits for as long as it may.
    await worker.stop();
  }
});

test("TLS is configured in the URL or by broker_use_ssl, and the server's name may be another than the host's", {
  skip: without("redis-server", "openssl"),
}, async (t) => {
  const redis = await startRedis(t, { tls: { serverNames: ["redis.site"] } });
  const { ca, cert, key } = redis.tls!;
  const ssl = { ssl_cert_reqs: "required", ssl_ca_certs: ca, ssl_certfile: cert, ssl_keyfile: key };
  const named = { ...ssl, ssl_server_name: "redis.site" };
  const { broker } = await connected(t, {
    broker: redis.url,
    backend: redis.url,
    broker_use_ssl: named,
    redis_backend_use_ssl: named,
  });
  await broker.ping();
  const query = new URLSearchParams({ ...ssl, ssl_check_hostname: "false" });
  const byUrl = await connected(t, { broker: `${redis.url}?${query}`, backend: `${redis.url}?${query}` });
  await byUrl.broker.ping();
  const wrong = defineApp({ broker: redis.url, tasks: [], broker_use_ssl: ssl });
  await assert.rejects(wrong.connect(), { code: "CDT-REDIS-CERTIFICATE-NAME" });
});
