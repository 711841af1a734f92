import assert from "node:assert/strict";
import { after, test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { until } from "../world/until.ts";
import { assertStaged, fillProduction } from "./packages.ts";
import { startProduction, startServers } from "./production.ts";
import type { Service } from "./service.ts";

const options = { skip: without("redis-server", "openssl") };
const servers = options.skip
  ? undefined!
  : await startServers(
      { after },
      { redis: { appendonly: true }, postgres: { settings: { synchronous_commit: "on" } } },
    );

test(
  "readiness is red while a server is away, liveness stays green, and the work goes on afterwards",
  options,
  async (t) => {
    const production = await startProduction(t, servers);
    await fillProduction(production, { one: 1000, two: 2000, three: 3000 });
    const { run, start } = production;
    const services = await Promise.all([start(["manager"]), start(["worker", "--location", "ramses_processing"])]);
    const allAre = (ready: boolean) => Promise.all(services.map((service) => service.ready(ready)));

    await run(["stage", "request", "one", "--wait"]);
    const redis = servers.redis.pid;
    await servers.redis.stop();
    for (const { body } of await allAre(false))
      assert.match(body, /"name":"broker","ok":false,"reason":"Redis at [^"]+ cannot be reached/);
    await alive(services);
    // Asked for while nobody can be told of it: the message is sent when Redis is there again.
    assert.equal((await run(["stage", "request", "two"])).code, 0);
    await services[0]!.logged({ level: "warn", msg: /failed/ });
    await servers.redis.restart();
    assert.notEqual(servers.redis.pid, redis);
    await allAre(true);
    assert.equal((await run(["stage", "wait", "2", "--timeout", "60s"])).code, 0);

    await servers.postgres.stop();
    for (const { body } of await allAre(false))
      assert.match(body, /"name":"database","ok":false,"reason":"the database at/);
    await alive(services);
    await servers.postgres.restart();
    await allAre(true);
    assert.equal((await run(["stage", "request", "three", "--wait"])).code, 0);
    await assertStaged(production, ["one", "three", "two"]);
  },
);

test("metrics have their names and count what was done; a probe costs next to nothing", options, async (t) => {
  const production = await startProduction(t, servers);
  await fillProduction(production, { one: 100_000 });
  const { run, start } = production;
  const [manager, worker] = await Promise.all([
    start(["manager"]),
    start(["worker", "--location", "ramses_processing"]),
  ]);
  await run(["stage", "request", "one", "missing", "--wait"]);

  const names = ["tasks_total", "bytes_total", "seconds_since_last_poll", "queue_depth", "leases_held", "claims"];
  names.push("event_loop_lag_seconds", "reserved_bytes");
  names.push("cgroup_cpu_throttled_seconds_total", "cgroup_memory_events_total");
  for (const service of [manager, worker]) {
    const { status, body } = await service.get("/metrics");
    assert.equal(status, 200);
    for (const name of names) assert.match(body, new RegExp(`^# TYPE cdt_${name} (counter|gauge)$`, "m"));
    assert.match(body, /^cdt_seconds_since_last_poll \d/m);
  }
  const body = await until("the depth of the queue was looked at", async () => {
    const page = await worker.get("/metrics");
    return /^cdt_queue_depth\{queue="cologne_ramses_processing_staging"\} 0$/m.test(page.body) && page.body;
  });
  assert.match(body, /^cdt_tasks_total\{state="completed",code=""\} 1$/m);
  const bytes = Number(/^cdt_bytes_total (\d+)$/m.exec(body)?.[1]);
  assert.ok(bytes >= 100_000 && bytes < 120_000, `${bytes} bytes`);

  for (const page of ["/livez", "/readyz"] as const) {
    const times: number[] = [];
    for (let probe = 0; probe < 200; probe++) {
      const began = performance.now();
      assert.equal((await worker.get(page)).status, 200);
      times.push(performance.now() - began);
    }
    const median = times.sort((one, other) => one - other)[100]!;
    // With the client's own time: on an idle machine it is below one.
    assert.ok(median < 10, `${page} takes ${median} ms`);
  }
});

async function alive(services: readonly Service[]): Promise<void> {
  for (const service of services) assert.equal((await service.get("/livez")).status, 200);
}
