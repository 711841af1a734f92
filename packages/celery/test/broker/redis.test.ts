import { without } from "../../../../testing/require-server.ts";
import { brokerConformance } from "./broker.conformance.ts";
import { startRedisWorld } from "./redis-world.ts";

const skip = without("redis-server");

brokerConformance("redis", startRedisWorld, skip);
brokerConformance(
  "redis with a key prefix",
  (scope) => startRedisWorld(scope, { broker: { globalKeyPrefix: "site:" } }),
  skip,
);
brokerConformance(
  "redis with mutual TLS and a password",
  (scope) => startRedisWorld(scope, { tls: true, password: "not so secret" }),
  without("redis-server", "openssl"),
);
