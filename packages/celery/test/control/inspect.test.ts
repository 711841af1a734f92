import assert from "node:assert/strict";
import { test } from "node:test";
import { node, plain, startControlWorld } from "./control-world.ts";
import { aRequest } from "./plain-inside.ts";

test("ping and clock are answered by the node's name", async (t) => {
  const { control, clock } = await startControlWorld(t);
  assert.deepEqual(plain(await control.ping()), { [node]: { ok: "pong" } });
  const { [node]: answer } = await control.inspect.clock();
  assert.deepEqual(Object.keys(answer!), ["clock"]);
  assert.ok((answer as { clock: number }).clock > 0);
  assert.ok(clock.value >= (answer as { clock: number }).clock);
});

test("active, reserved and scheduled show each task in its own place, with what Celery tells of it", async (t) => {
  const { control, inside } = await startControlWorld(t);
  const startedAt = new Date(1_700_000_000_500);
  const eta = new Date("2026-11-23T06:23:58.705Z");
  inside.held = [
    aRequest("runs", "active", { startedAt, pid: 4711, headers: { shadow: "add quickly" } }),
    aRequest("waits", "reserved"),
    aRequest("later", "scheduled", { eta }),
  ];
  const delivery_info = { exchange: "", routing_key: "deep_sky", priority: 0, redelivered: false };
  const info = { name: "add", args: [2, 40], kwargs: {}, type: "add", hostname: node, acknowledged: false };
  const idle = { time_start: null, worker_pid: null, delivery_info };
  assert.deepEqual(plain(await control.inspect.active()), {
    [node]: [
      { ...info, id: "runs", name: "add quickly", time_start: 1_700_000_000.5, worker_pid: 4711, delivery_info },
    ],
  });
  assert.deepEqual(plain(await control.inspect.reserved()), { [node]: [{ ...info, ...idle, id: "waits" }] });
  assert.deepEqual(plain(await control.inspect.scheduled()), {
    [node]: [{ eta: "2026-11-23T06:23:58.705000+00:00", priority: 6, request: { ...info, ...idle, id: "later" } }],
  });
  const safe = await control.inspect.active({ safe: true });
  assert.partialDeepStrictEqual(plain(safe), { [node]: [{ args: "(2, 40)", kwargs: "{}" }] });
});

test("query_task finds what is held and what has ended, and leaves out what it does not know", async (t) => {
  const { control, inside } = await startControlWorld(t);
  inside.held = [aRequest("runs", "active"), aRequest("waits", "reserved"), aRequest("later", "scheduled")];
  const found = await control.inspect.queryTask(["runs", "waits", "later", "done-before", "nobody-knows"]);
  const states = Object.entries(found[node]!).map(([id, entry]) => [id, entry[0], entry[1].id]);
  assert.deepEqual(states.sort(), [
    ["done-before", "ready", "done-before"],
    ["later", "reserved", "later"],
    ["runs", "active", "runs"],
    ["waits", "reserved", "waits"],
  ]);
});

test("registered shows sorted names with the options that are set, and Celery's own tasks only when asked", async (t) => {
  const { control } = await startControlWorld(t);
  assert.deepEqual(plain(await control.inspect.registered()), { [node]: ["add", "resize [rate_limit=5/m]"] });
  const more = await control.inspect.registered({ items: ["acks_late", "constructor"], builtins: true });
  assert.deepEqual(plain(more), { [node]: ["add", "celery.chord", "resize [acks_late=True]"] });
  assert.deepEqual(plain(await control.broadcast("dump_tasks")), { [node]: ["add", "resize [rate_limit=5/m]"] });
});

test("conf and report hide passwords, by the setting's name and within URLs", async (t) => {
  const { control } = await startControlWorld(t);
  assert.deepEqual(plain(await control.inspect.conf()), {
    [node]: {
      broker_url: "redis://worker:********@127.0.0.1:6379/0",
      redis_password: "********",
      task_acks_late: true,
      task_time_limit: 30,
      transport_options: { client_secret: "********", visibility_timeout: 3600 },
    },
  });
  const { [node]: report } = await control.inspect.report();
  assert.match((report as { ok: string }).ok, /software -> celery-node:\d.*node:\d/);
  assert.doesNotMatch(JSON.stringify(report), /hunter2/);
});

test("conf tells the broker's URL where the worker does not, without the password", async (t) => {
  const { control, inside } = await startControlWorld(t);
  inside.configuration = () => ({});
  assert.deepEqual(plain(await control.inspect.conf()), { [node]: { broker_url: "redis://127.0.0.1:6379/0" } });
  const described = inside.broker();
  inside.broker = () => ({ ...described, userid: "worker", ssl: true });
  assert.deepEqual(plain(await control.inspect.conf()), {
    [node]: { broker_url: "rediss://worker:********@127.0.0.1:6379/0" },
  });
});

test("stats has what Flower shows: pool, broker, totals, and the resources of the process under Python's names", async (t) => {
  const { control } = await startControlWorld(t);
  const stats = plain((await control.inspect.stats())[node]) as Record<string, Record<string, unknown>>;
  const { rusage, clock, ...rest } = stats;
  assert.match(String(clock), /^\d+$/);
  assert.ok(Number(rusage?.maxrss) > 1000 && Number(rusage?.utime) > 0);
  assert.deepEqual(rest, {
    total: { add: 7 },
    pid: process.pid,
    uptime: 12,
    prefetch_count: 8,
    pool: {
      implementation: "inline",
      "max-concurrency": 2,
      processes: [4711],
      "max-tasks-per-child": "N/A",
      "put-guarded-by-semaphore": false,
      timeouts: [0, 30],
      writes: "N/A",
    },
    broker: {
      hostname: "127.0.0.1",
      userid: null,
      virtual_host: "0",
      port: 6379,
      insist: false,
      ssl: false,
      transport: "redis",
      connect_timeout: null,
      transport_options: {},
      login_method: null,
      uri_prefix: null,
      heartbeat: null,
      failover_strategy: "round-robin",
      alternates: [],
      credential_provider: null,
    },
  });
});

test("what is for debugging Python's memory is answered as far as it means something here", async (t) => {
  const { control } = await startControlWorld(t);
  const replies = await Promise.all(["memsample", "memdump", "objgraph"].map((method) => control.broadcast(method)));
  const [sample, dump, graph] = replies.map((reply) => reply[node]);
  assert.match(String(sample), /^\d+(\.\d+)?MB$/);
  assert.match(String(dump), /^- rss \(end\): \d+(\.\d+)?MB\.\n$/);
  assert.deepEqual(plain(graph), { error: "ImportError('Requires the objgraph library')" });
});

test("arguments that JSON has no form for are told as an error, and do no harm", async (t) => {
  const { control, inside } = await startControlWorld(t);
  inside.held = [aRequest("runs", "active", { args: [new Map()] })];
  const { [node]: answer } = await control.inspect.active();
  assert.match(JSON.stringify(answer), /^\{"error":".*Map cannot be sent/);
  const safe = await control.inspect.active({ safe: true });
  assert.partialDeepStrictEqual(plain(safe), { [node]: [{ args: "(2, 40)" }] });
});
