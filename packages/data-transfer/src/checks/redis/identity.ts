import { type Check, ok, problem, skipped } from "../check.ts";
import { isLocal } from "../words.ts";
import { withoutRedis } from "./settings.ts";

export const redisIdentity: Check = {
  id: "redis-identity",
  category: "redis",
  statement: "the way to Redis is encrypted, and Redis proves its name",
  severity: "warning",
  needs: ["redis-suitable"],
  unless: withoutRedis,
  run({ settings: { redis } }) {
    if (!redis.tls) {
      if (isLocal(redis.host)) return skipped("it is this machine");
      return problem("nothing is encrypted, the password neither", "set redis.tls, and redis.ca_file");
    }
    if (!redis.checkHostname) return problem("its certificate may carry any name: redis.check_hostname is false");
    return ok(redis.serverName === undefined ? undefined : `as ${redis.serverName}`);
  },
  hint: "set redis.server_name to the name in its certificate, and redis.check_hostname to true",
};
