import { type Check, ok } from "../check.ts";
import { withoutRedis } from "./settings.ts";

export const redisSuitable: Check = {
  id: "redis-suitable",
  category: "redis",
  statement: "Redis is a single primary, 6.2 or later, and ready",
  severity: "fatal",
  needs: ["redis-login"],
  mayRecover: true,
  unless: withoutRedis,
  // Whatever the checks before were not concerned by is told here.
  async run(facts, signal) {
    const { version } = await facts.redis(signal);
    return ok(version === undefined ? "its version may not be asked for" : `version ${version}`);
  },
  hint: "ccat_data_transfer settings show redis   # is this the right Redis?",
};
