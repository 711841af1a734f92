import { type Check, ok, problem, skipped, warning } from "../check.ts";
import { bytesInWords } from "../words.ts";
import { withoutRedis } from "./settings.ts";

/** Part of its memory that Redis may use before we warn. */
const nearlyFull = 0.9;

export const redisMemory: Check = {
  id: "redis-memory",
  category: "redis",
  statement: "Redis has memory left",
  severity: "fatal",
  needs: ["redis-suitable"],
  mayRecover: true,
  unless: withoutRedis,
  async run(facts, signal) {
    const { maxMemory, usedMemory } = await facts.redis(signal);
    if (maxMemory === undefined || usedMemory === undefined) return skipped("this user may not ask INFO");
    if (maxMemory === 0) return ok(`it uses ${bytesInWords(usedMemory)}, without a limit of its own`);
    const words = `it uses ${bytesInWords(usedMemory)} of ${bytesInWords(maxMemory)}`;
    if (usedMemory < nearlyFull * maxMemory) return ok(words);
    return usedMemory < maxMemory ? warning(words) : problem(`${words}; when it is full it takes no messages`);
  },
  hint: "redis-cli MEMORY STATS   # and raise maxmemory; whose keys are they?",
};
