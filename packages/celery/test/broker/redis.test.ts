import assert from "node:assert/strict";
import { test } from "node:test";
import { without } from "../../../../testing/require-server.ts";
import { brokerConformance } from "./broker.conformance.ts";
import { exchangesConformance } from "./exchanges.conformance.ts";
import { parkingConformance } from "./parking.conformance.ts";
import { startRedisWorld } from "./redis-world.ts";

const plain = without("redis-server");
const secure = without("redis-server", "openssl");
const worlds: [kind: string, options: Parameters<typeof startRedisWorld>[1], skip: typeof plain][] = [
  ["redis", {}, plain],
  ["redis with a key prefix", { broker: { globalKeyPrefix: "site:", separator: ":", db: 3 } }, plain],
  ["redis with mutual TLS and a password", { tls: true, password: "not so secret" }, secure],
];

for (const [kind, options, skip] of worlds) {
  for (const conformance of [brokerConformance, exchangesConformance, parkingConformance]) {
    conformance(kind, (scope) => startRedisWorld(scope, options), skip);
  }
}

test("a broker says where it is, and no secret", { skip: secure, timeout: 60_000 }, async (t) => {
  const world = await startRedisWorld(t, {
    tls: true,
    password: "not so secret",
    broker: { db: 2, username: "default" },
  });
  const { host, port } = world.server;
  assert.deepEqual((await world.open()).describe(), {
    transport: "redis",
    hostname: host,
    port,
    virtualHost: "2",
    userid: "default",
    ssl: true,
  });
});
