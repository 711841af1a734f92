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
