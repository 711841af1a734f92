import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../../testing/require-server.ts";
import { startServers } from "../../processes/production.ts";
import { until } from "../../world/until.ts";
import { startChaos } from "./chaos-world.ts";
import { recovered } from "./recovered.ts";

const options = { skip: without("redis-server", "openssl") };

test("Redis: without TLS one bit of a message is another, three times", options, async (t) => {
  const servers = await startServers(t, { redis: { tls: false } });
  const world = await startChaos(t, servers, { settings: { redis__tls: "false" } });
  const { broker, proxies, put, request } = world;
  await put({ one: 300_000, two: 300_000, three: 300_000, four: 300_000 });
  // Within the body of a message, each time another bit.
  await proxies.Redis.play({ kind: "bit flip", behind: '"body":"W1tdLHsic3' }, 3);
  const jobs: number[] = [];
  for (const name of ["one", "two", "three"]) jobs.push(await request(name));
  await until("three messages were damaged", () => proxies.Redis.hits === 3);
  const since = performance.now();
  jobs.push(await request("four"));
  await world.staged(jobs);
  await recovered(t, since);
  await world.expectWhole(jobs, { deadLetters: "some" });
  const reasons = (await broker.deadLetters()).map(({ reason }) => reason);
  t.diagnostic(`put aside: ${reasons.join(", ")}`);
  assert.equal(reasons.length, 3);
  assert.ok(reasons.every((reason) => reason === "malformed" || reason === "wrong-arguments"));
  await Promise.all([world.worker.ready(), world.manager.ready()]);
});
