import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { fixedSettings, settings, whyUnsupported } from "../../src/cli/settings.ts";
import { defineApp, SettingError, task } from "../../src/index.ts";

const add = task("sums.add", async (_, x: number, y: number) => x + y);

test("settings may stand under Celery's names or in camel case, and times become what each part wants", () => {
  const celerys = defineApp({
    broker: "redis://localhost",
    tasks: [],
    task_acks_late: false,
    worker_prefetch_multiplier: 1,
    task_time_limit: 60,
    result_expires: 3600,
    broker_connection_timeout: 2,
    broker_transport_options: { visibility_timeout: 600, global_keyprefix: "staging:", queue_order_strategy: "sorted" },
  });
  const camel = defineApp({
    brokerUrl: "redis://localhost",
    tasks: [],
    taskAcksLate: false,
    workerPrefetchMultiplier: 1,
    taskTimeLimit: 60,
    resultExpires: 3600,
    brokerConnectionTimeout: 2,
    brokerTransportOptions: { visibility_timeout: 600, global_keyprefix: "staging:", queue_order_strategy: "sorted" },
  });
  assert.deepEqual(camel.settings, celerys.settings);
  assert.deepEqual(celerys.settings, {
    worker: { acksLate: false, prefetchMultiplier: 1, timeLimit: 60, queueOrderStrategy: "sorted" },
    broker: { connectTimeout: 2000, visibilityTimeout: 600, globalKeyPrefix: "staging:" },
    results: { expires: 3600 },
    program: { broker: "redis://localhost" },
    warnings: [],
  });
});

test("a setting that is not known, or means nothing here, is told and does no harm", () => {
  const { settings } = defineApp({
    tasks: [],
    ...{ task_ack_late: true, workerStateDb: "/var/lib/state", colour: "red" },
    broker_transport_options: { visibility_timeuot: 3, polling_interval: 1 } as object,
  });
  assert.deepEqual(settings.warnings, [
    "the setting task_ack_late is not known; did you mean task_acks_late?",
    "the setting workerStateDb has no meaning here: revoked tasks are learnt from the other workers at the start",
    "the setting colour is not known",
    "broker_transport_options.visibility_timeuot is not known; did you mean visibility_timeout?",
    "broker_transport_options.polling_interval is not needed: the worker is woken by what arrives",
  ]);
});

test("a setting that holds what it cannot hold is refused in words", () => {
  const refusals: [Record<string, unknown>, RegExp][] = [
    [{ task_acks_late: "yes" }, /^task_acks_late is true or false, not "yes"$/],
    [{ workerPrefetchMultiplier: -1 }, /^workerPrefetchMultiplier is a whole number from 0 on, not -1$/],
    [{ task_default_rate_limit: "10/d" }, /^task_default_rate_limit is a rate such as 10\/s/],
    [{ task_queues: [{ name: "a" }] }, /^task_queues is a list of queues/],
    [{ broker_transport_options: { priority_steps: [3, 0] } }, /^broker_transport_options.priority_steps is a list/],
    [{ task_protocol: 1 }, /^task_protocol can only be 2: protocol 1 is read, not written$/],
    [{ task_time_limit: 1, taskTimeLimit: 2 }, /^taskTimeLimit and task_time_limit are the same setting/],
  ];
  for (const [given, message] of refusals) {
    const refused = (error: unknown) => error instanceof SettingError && message.test(error.message);
    assert.throws(() => defineApp({ tasks: [], ...given }), refused, JSON.stringify(given));
  }
});

test("annotations reach tasks by name and by glob, the task's own options win, and rate limits can be switched off", () => {
  const own = task("sums.own", async () => 0, { ignoreResult: false });
  const annotations = {
    "sums.*": { rateLimit: "10/s", ignoreResult: true },
    "sums.add": { rateLimit: "5/m" },
    other: { timeLimit: 1 },
  };
  const app = defineApp({ tasks: [add, own], task_annotations: annotations });
  const options = app.tasks.map(({ name, rateLimit, ignoreResult, timeLimit }) => ({
    name,
    rateLimit,
    ignoreResult,
    timeLimit,
  }));
  assert.deepEqual(options, [
    { name: "sums.add", rateLimit: "5/m", ignoreResult: true, timeLimit: undefined },
    { name: "sums.own", rateLimit: "10/s", ignoreResult: false, timeLimit: undefined },
  ]);
  const unlimited = defineApp({ tasks: [add], task_annotations: annotations, worker_disable_rate_limits: true });
  assert.equal(unlimited.tasks[0]?.rateLimit, undefined);
});

test("every setting of Python's Celery stands in one of the tables, with Python's default", {
  skip: without("python3-celery"),
}, () => {
  const program = [
    "import json, datetime",
    "from celery.app.defaults import DEFAULTS",
    "plain = lambda v: v.total_seconds() if isinstance(v, datetime.timedelta) else v",
    "print(json.dumps({k: plain(v) for k, v in DEFAULTS.items()}, default=str))",
  ];
  const python = JSON.parse(
    execFileSync("/usr/bin/python3", ["-c", program.join("\n")], { encoding: "utf8" }).replaceAll("Infinity", "null"),
  ) as Record<string, unknown>;
  assert.ok(Object.keys(python).length > 100);
  for (const [name, value] of Object.entries(python)) {
    const setting = Object.hasOwn(settings, name) ? settings[name as keyof typeof settings] : undefined;
    if (setting) assert.deepEqual(setting.python, value, `the default of ${name}`);
    else assert.ok(Object.hasOwn(fixedSettings, name) || whyUnsupported(name), `${name} stands in no table`);
  }
});
