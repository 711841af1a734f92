import { type Check, ok, problem, skipped } from "../check.ts";
import { endsSoon, firstEnd, renewBefore } from "../words.ts";
import { withoutRedisTls } from "./settings.ts";

export const redisServerCertificateExpiry: Check = {
  id: "redis-server-certificate-expiry",
  category: "redis",
  statement: `Redis' own certificate is valid for at least ${renewBefore} days`,
  severity: "warning",
  needs: ["redis-suitable"],
  unless: withoutRedisTls,
  async run(facts, signal) {
    const { certificate } = await facts.redis(signal);
    if (certificate === undefined) return skipped("it has shown none");
    const soon = endsSoon("it", certificate);
    return soon === undefined ? ok(firstEnd([certificate])) : problem(soon);
  },
  hint: "ask whoever runs Redis to renew it; workers need no restart",
};
