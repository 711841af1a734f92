import { type Check, ok, problem, skipped } from "../check.ts";
import { endsSoon, firstEnd, renewBefore } from "../words.ts";
import { redisFiles, withoutRedisTls } from "./settings.ts";

export const redisCertificateExpiry: Check = {
  id: "redis-certificate-expiry",
  category: "redis",
  statement: `our certificate for Redis is valid for at least ${renewBefore} days`,
  severity: "warning",
  needs: ["redis-certificate-valid"],
  unless: withoutRedisTls,
  async run(facts) {
    const { own } = await facts.certificates(redisFiles(facts.settings));
    if (own === undefined) return skipped("no certificate of ours is configured");
    const soon = endsSoon("it", own);
    return soon === undefined ? ok(firstEnd([own])) : problem(soon);
  },
  hint: "renew it in the certificates folder (/etc/redis/certs in the pod); no restart is needed",
};
