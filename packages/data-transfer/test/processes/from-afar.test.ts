import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { without } from "../../../../testing/require-server.ts";
import type { Scope } from "../../../../testing/scope.ts";
import { messageText } from "../world/queue.ts";
import { until } from "../world/until.ts";
import { assertStaged, fillProduction, queue } from "./packages.ts";
import { type Production, startProduction, startServers } from "./production.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip ? undefined! : await startServers({ after });
const program = fileURLToPath(new URL("../../../celery/bin/celery-node.js", import.meta.url));
const node = "staging@test";
const worker = ["worker", "--location", "ramses_processing"];

test(
  "a staging worker and its tasks are seen from afar; whoever wants to change it is refused, which is logged and counted",
  options,
  async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { one: 1000 });
    const service = await production.start(worker, { settings: { worker__name: node } });

    assert.match((await celeryNode(production, "status")).stdout, /^staging@test +OK$/m);
    const queues = JSON.parse((await celeryNode(production, "inspect", "active_queues", "--json")).stdout);
    assert.deepEqual(
      queues[node].map(({ name }: { name: string }) => name),
      [queue],
    );
    // Celery's clients wait for no reply to a shutdown.
    await celeryNode(production, "control", "shutdown");
    for (const [method, ...args] of [["cancel_consumer", queue], ["pool_grow", "8"], ["disable_events"]]) {
      const { code, stdout } = await celeryNode(production, "control", method!, ...args);
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`${method} is refused: remote control of this worker is for looking only`));
    }
    await service.logged({ level: "warn", msg: "remote control is refused", method: "shutdown" });
    const metrics = (await service.get("/metrics")).body;
    for (const [method, outcome] of [
      ["ping", "done"],
      ["cancel_consumer", "refused"],
      ["shutdown", "refused"],
    ]) {
      assert.match(metrics, new RegExp(`^cdt_control_requests_total{method="${method}",outcome="${outcome}"} 1$`, "m"));
    }

    const events = await listen(t, production);
    await production.start(["manager"]);
    assert.equal((await production.run(["stage", "request", "one", "--wait"])).code, 0);
    await assertStaged(production, ["one"]);
    await until("the task was told of", () => events.some(({ type }) => type === "task-succeeded"));
    const ofTasks = events.filter(({ type }) => type.startsWith("task-"));
    assert.deepEqual(
      ofTasks.map(({ type, hostname }) => [type, hostname]),
      ["task-received", "task-started", "task-succeeded"].map((type) => [type, node]),
    );
  },
);

test(
  "messages that were put aside are listed, put back when the cause is mended, and dropped, with celery-node",
  options,
  async (t) => {
    const production = await startProduction(t, servers);
    const { redis, settings } = production;
    await fillProduction(production, { one: 1000 });
    await production.start(worker);
    const push = (text: string) => redis.cli("-n", settings.redis__db!, "LPUSH", queue, text);
    // The job comes later than whoever speaks of it.
    await push(messageText({ kwargs: { staging_job_id: 1 } }));
    await push("{");
    const letters = async () => JSON.parse((await celeryNode(production, "dead-letters", "list", "--json")).stdout);
    await until("both were put aside", async () => (await letters()).length === 2);
    assert.deepEqual((await letters()).map((one: { reason: string }) => one.reason).sort(), [
      "malformed",
      "unknown-job",
    ]);

    await production.run(["stage", "request", "one"]);
    assert.equal((await celeryNode(production, "dead-letters", "requeue", "--reason", "unknown-job")).code, 0);
    assert.equal((await production.run(["stage", "wait", "1"])).code, 0);
    await assertStaged(production, ["one"]);
    assert.equal((await celeryNode(production, "dead-letters", "drop", "--all")).code, 0);
    assert.deepEqual(await letters(), []);
  },
);

interface CeleryEvent {
  type: string;
  hostname: string;
}

/** All events from now on. */
async function listen(scope: Scope, production: Production): Promise<CeleryEvent[]> {
  const seen: CeleryEvent[] = [];
  const child = spawn(process.execPath, [program, "events", "--json"], { env: environment(production) });
  scope.after(() => void child.kill("SIGKILL"));
  createInterface({ input: child.stdout }).on("line", (line) => void seen.push(JSON.parse(line)));
  await until("events are heard", () => seen.some(({ type }) => type === "worker-heartbeat"));
  return seen;
}

/** The program as docs/operations.md has it for production. */
async function celeryNode(production: Production, ...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { env: environment(production) });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

function environment({ redis, settings }: Production): NodeJS.ProcessEnv {
  const { ca, cert, key } = redis.tls!;
  const files = { ssl_ca_certs: ca, ssl_certfile: cert, ssl_keyfile: key, ssl_check_hostname: "false" };
  const url = `${redis.url}/${settings.redis__db}?${new URLSearchParams(files)}`;
  return { PATH: process.env.PATH, CELERY_BROKER_URL: url };
}
