import { type Check, ok, problem, warning } from "../check.ts";
import { withoutRedis } from "./settings.ts";

export const redisEviction: Check = {
  id: "redis-eviction",
  category: "redis",
  statement: "Redis throws nothing away when its memory is short (noeviction)",
  severity: "fatal",
  needs: ["redis-suitable"],
  unless: withoutRedis,
  async run(facts, signal) {
    const { policy } = await facts.redis(signal);
    if (policy === undefined) {
      return warning(
        "this user may ask neither INFO nor CONFIG, so it is not known",
        "redis-cli CONFIG GET maxmemory-policy   # as somebody who may; or ACL SETUSER <user> +info",
      );
    }
    return policy === "noeviction" ? ok() : problem(`maxmemory-policy is ${policy}: messages and results may vanish`);
  },
  hint: "redis-cli CONFIG SET maxmemory-policy noeviction   # and in redis.conf, so that it stays",
};
