import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { Scope } from "../../../../testing/scope.ts";
import { HealthAddressUnusable } from "../../src/errors/health.ts";
import { createHealthState } from "../../src/health/health-state.ts";
import { createMetrics } from "../../src/health/metrics.ts";
import { type HealthServer, startHealthServer } from "../../src/health/server.ts";

test("a process is ready once all that it needs is there, and says what is not", async (t) => {
  const { state, ask } = await serve(t);
  const broker = state.condition("broker");
  const database = state.condition("database");
  assert.deepEqual(await ask("/readyz"), {
    status: 503,
    body: {
      ok: false,
      findings: [
        { name: "broker", ok: false, reason: "not known yet" },
        { name: "database", ok: false, reason: "not known yet" },
      ],
    },
  });
  broker.holds("connected to redis:6379");
  database.holds("connected");
  assert.equal((await ask("/readyz")).status, 200);
  broker.fails("consumer was cancelled");
  const { status, body } = await ask("/readyz");
  assert.equal(status, 503);
  assert.match(JSON.stringify(body), /consumer was cancelled/);
});

test("a process lives while its loops turn, and not when one stands still", async (t) => {
  let now = 0;
  const { state, ask } = await serve(t, () => now);
  const turned = state.loop("poll", 30);
  state.loop("sweep", 100);
  assert.equal((await ask("/livez")).status, 200);
  now = 40_000;
  const stuck = await ask("/livez");
  assert.equal(stuck.status, 503);
  assert.deepEqual(stuck.body, {
    ok: false,
    findings: [
      { name: "poll", ok: false, reason: "turned 40.0 s ago, at most 30 s are allowed" },
      { name: "sweep", ok: true, reason: "turned 40.0 s ago, at most 100 s are allowed" },
    ],
  });
  turned();
  assert.equal((await ask("/livez")).status, 200);
});

test("what is not served is said", async (t) => {
  const { server } = await serve(t);
  const url = `http://127.0.0.1:${server.port}`;
  assert.equal((await fetch(`${url}/constructor`)).status, 404);
  assert.equal((await fetch(`${url}/livez`, { method: "POST" })).status, 405);
  const head = await fetch(`${url}/livez?probe=1`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
});

test("a check that fails by itself does not take the process down", async (t) => {
  const { registry, stop } = createMetrics();
  t.after(stop);
  const live = () => ({ ok: true, findings: [] });
  const ready = () => {
    throw new Error("broken check");
  };
  const server = await startHealthServer({ host: "127.0.0.1", port: 0, live, ready, registry });
  t.after(() => server.close());
  const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /broken check/);
});

test("a port that is taken is an error that names the option", async (t) => {
  const { server } = await serve(t);
  await assert.rejects(serve(t, undefined, server.port), (error) => {
    assert.ok(error instanceof HealthAddressUnusable);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${server.port} \\(EADDRINUSE\\)`));
    assert.match(error.help, /--health-port/);
    return true;
  });
});

test("closing does not wait for clients that keep their connection", async (t) => {
  const { server } = await serve(t);
  const client = connect(server.port, "127.0.0.1");
  await new Promise((resolve) => client.once("connect", resolve));
  client.write("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
  await new Promise((resolve) => client.once("data", resolve));
  const gone = new Promise((resolve) => client.once("close", resolve));
  client.on("error", () => {});
  await Promise.all([server.close(), gone]);
});

test("a probe costs less than a millisecond", async (t) => {
  const { state, server } = await serve(t);
  state.loop("poll", 30);
  state.condition("broker").holds("fine");
  // The time that the process itself spends, client included: the machine's other work does not count.
  const paths = ["/livez", "/readyz", "/metrics"];
  const ask = async (count: number) => {
    for (let index = 0; index < count; index++) {
      await (await fetch(`http://127.0.0.1:${server.port}${paths[index % paths.length]}`)).text();
    }
  };
  await ask(300);
  const before = process.cpuUsage();
  await ask(300);
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1000 / 300;
  t.diagnostic(`${milliseconds} ms of processor time for a request and its client`);
  // Half of it and more is the client's.
  assert.ok(milliseconds < 4, `${milliseconds} ms for a request and its client`);
});

async function serve(
  scope: Scope,
  now?: () => number,
  port = 0,
): Promise<{
  state: ReturnType<typeof createHealthState>;
  server: HealthServer;
  ask(path: string): Promise<{ status: number; body: unknown }>;
}> {
  const state = createHealthState(now);
  const metrics = createMetrics();
  scope.after(metrics.stop);
  const server = await startHealthServer({ host: "127.0.0.1", port, ...state, registry: metrics.registry });
  scope.after(() => server.close());
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    assert.equal(response.headers.get("content-type"), "application/json");
    return { status: response.status, body: await response.json() };
  };
  return { state, server, ask };
}
