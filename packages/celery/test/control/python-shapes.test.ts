import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedis } from "../../../../testing/redis.ts";
import { without } from "../../../../testing/require-server.ts";
import { redisBroker } from "../../src/broker/redis.ts";
import type { Control } from "../../src/client/control.ts";
import { encodeTask } from "../../src/message/encode-task.ts";
import { pythonLog } from "../interop/python-peer.ts";
import { plain, startControlWorld } from "./control-world.ts";
import { aRequest, plainInside } from "./plain-inside.ts";
import { startPythonNode } from "./python-worker.ts";

const skip = without("redis-server", "python3-celery");
const [ours, theirs] = ["celery@ours", "celery@theirs"];

test("one client controls a Python worker and ours, and each reply of ours has the shape of Python's", {
  skip,
}, async (t) => {
  const redis = await startRedis(t);
  const broker = redisBroker({ host: redis.host, port: redis.port });
  const inside = plainInside(ours);
  const { control } = await startControlWorld(t, { broker, inside });
  const log = await pythonLog(t);
  await startPythonNode(t, redis, { name: theirs, log });

  // The same on both: one runs, one waits for its time.
  const eta = new Date(Date.now() + 3_600_000);
  inside.held = [
    aRequest("runs", "active", { startedAt: new Date(), pid: 4711 }),
    aRequest("later", "scheduled", { eta }),
  ];
  await broker.publish("deep_sky", encodeTask({ queue: "deep_sky", name: "sleep", id: "runs", args: [600] }));
  await broker.publish("deep_sky", encodeTask({ queue: "deep_sky", name: "add", id: "later", args: [2, 40], eta }));
  while (!log.lines().includes("started runs")) await new Promise((resolve) => setTimeout(resolve, 50));
  let scheduled = await control.inspect.scheduled({ destination: [theirs] });
  while ((scheduled[theirs] as unknown[] | undefined)?.length !== 1) {
    scheduled = await control.inspect.scheduled({ destination: [theirs] });
  }

  const asked: [method: string, args?: Record<string, unknown>][] = [
    ...[["ping"], ["clock"], ["active"], ["active", { safe: true }], ["reserved"], ["scheduled"], ["stats"]],
    ...[["active_queues"], ["revoked"], ["conf"], ["report"], ["registered"], ["dump_tasks"], ["dump_active"]],
    ...[
      ["query_task", { ids: ["runs", "unknown"] }],
      ["hello", { from_node: "celery@test", revoked: {} }],
    ],
    ...[["objgraph"], ["memdump"], ["heartbeat"], ["enable_events"]],
    ...[
      ["revoke", { task_id: ["x"] }],
      ["revoke", { task_id: ["x"], terminate: true }],
    ],
    ...[["terminate", { task_id: ["x"], signal: "TERM" }], ["no_such_method"], ["pool_restart"], ["autoscale"]],
    ...[
      ["rate_limit", { task_name: "add", rate_limit: "5/s" }],
      ["rate_limit", { task_name: "?", rate_limit: "5/s" }],
    ],
    ...[
      ["rate_limit", { task_name: "add", rate_limit: "x" }],
      ["rate_limit", { task_name: "add", rate_limit: 0 }],
    ],
    ...[
      ["time_limit", { task_name: "add", soft: 1, hard: 2 }],
      ["time_limit", { task_name: "?", soft: 1 }],
    ],
    ...[
      ["pool_grow", { n: 1 }],
      ["pool_shrink", { n: 1 }],
      ["revoke", {}],
    ],
    ...[
      ["add_consumer", { queue: "more" }],
      ["cancel_consumer", { queue: "more" }],
    ],
  ] as [string, Record<string, unknown>?][];
  for (const [method, args] of asked) {
    const replies = await control.broadcast(method, args, { timeout: 30_000 });
    const seen = `${method} ${JSON.stringify(args ?? {})}: ${JSON.stringify(replies)}`;
    assert.equal(ours in replies, theirs in replies, seen);
    assert.deepEqual(missing(plain(replies[theirs]), plain(replies[ours]), method), [], seen);
    // Outcomes are the same word by word, where they do not tell of Python itself.
    if (sameWords.has(method)) assert.deepEqual(plain(replies[ours]), plain(replies[theirs]), seen);
  }
  await terminateAll(control);
});

const sameWords = new Set([
  ...["ping", "revoke", "terminate", "time_limit", "pool_grow", "pool_shrink", "add_consumer", "cancel_consumer"],
  ...["pool_restart", "autoscale", "heartbeat", "objgraph"],
]);

/** Paths of what a reply of Python's has and ours has not, or has as another type. A null of Python's may be anything. */
function missing(python: unknown, ours: unknown, path: string): string[] {
  if (python === null || python === undefined) return [];
  if (Array.isArray(python)) {
    if (!Array.isArray(ours)) return [path];
    return python.length > 0 && ours.length > 0 ? missing(python[0], ours[0], `${path}[0]`) : [];
  }
  if (typeof python !== "object") return typeof python === typeof ours || mayDiffer.has(path) ? [] : [path];
  if (typeof ours !== "object" || ours === null) return mayDiffer.has(path) ? [] : [path];
  if (byName.has(path)) return [];
  return Object.entries(python).flatMap(([key, value]) =>
    key in ours ? missing(value, (ours as Record<string, unknown>)[key], `${path}.${key}`) : [`${path}.${key}`],
  );
}

/** Objects whose keys are names, settings or ids. */
const byName = new Set(["conf", "stats.total", "hello.revoked", "stats.broker.transport_options"]);
/** Numbers that mean nothing on Redis, and what only a prefork pool has. */
const mayDiffer = new Set([
  ...["stats.broker.connect_timeout", "stats.broker.heartbeat", "stats.pool.writes", "stats.pool.max-tasks-per-child"],
  // An error of another text.
  "revoke",
]);

async function terminateAll(control: Control): Promise<void> {
  await control.terminate(["runs", "later"], "KILL");
}
