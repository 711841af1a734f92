import { type Check, ok, problem } from "../check.ts";
import { withoutRedis } from "./settings.ts";

export const redisScripts: Check = {
  id: "redis-scripts",
  category: "redis",
  statement: "the scripts that take and give back messages may run on Redis",
  severity: "fatal",
  needs: ["redis-suitable"],
  unless: withoutRedis,
  async run(facts, signal) {
    const { refused } = await facts.redis(signal);
    if (refused.length === 0) return ok();
    const names = refused.map(({ command }) => command).join(", ");
    return problem(`Redis refuses ${names} (${refused[0]!.why})`);
  },
  hint: "redis-cli ACL GETUSER <user>   # it needs +eval +evalsha, and in scripts +@read +@write on its keys",
};
