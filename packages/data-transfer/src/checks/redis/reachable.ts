import { BrokerUnreachable } from "../../errors/broker.ts";
import type { Check } from "../check.ts";
import { passes } from "../stage.ts";
import { withoutRedis } from "./settings.ts";

export const redisReachable: Check = {
  id: "redis-reachable",
  category: "redis",
  statement: "Redis answers",
  severity: "fatal",
  needs: ["redis-certificate-files"],
  mayRecover: true,
  unless: withoutRedis,
  run: (facts, signal) => {
    const { host, port } = facts.settings.redis;
    return passes(facts.redis(signal), [BrokerUnreachable], `at ${host}:${port}`);
  },
  hint: "ccat_data_transfer settings show redis   # then nc -v <host> <port>",
  hintFirst: true,
};
