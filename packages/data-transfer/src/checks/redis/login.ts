import { BrokerLogin } from "../../errors/broker.ts";
import type { Check } from "../check.ts";
import { passes } from "../stage.ts";
import { withoutRedis } from "./settings.ts";

export const redisLogin: Check = {
  id: "redis-login",
  category: "redis",
  statement: "Redis lets us in",
  severity: "fatal",
  needs: ["redis-reachable", "redis-tls"],
  unless: withoutRedis,
  run: (facts, signal) => {
    const { username } = facts.settings.redis;
    return passes(facts.redis(signal), [BrokerLogin], `as ${username ?? "the default user"}`);
  },
  hint: "ccat_data_transfer settings show redis   # username, and password or password_file",
};
