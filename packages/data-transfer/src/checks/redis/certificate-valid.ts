import { type Check, skipped, unlessAny } from "../check.ts";
import { invalidNow } from "../words.ts";
import { redisFiles, withoutRedisTls } from "./settings.ts";

export const redisCertificateValid: Check = {
  id: "redis-certificate-valid",
  category: "redis",
  statement: "our certificate for Redis, and the authority's, are valid now",
  severity: "fatal",
  needs: ["redis-certificate-files"],
  mayRecover: true,
  unless: withoutRedisTls,
  async run(facts) {
    const { own, authorities } = await facts.certificates(redisFiles(facts.settings));
    const all = [
      own && invalidNow("ours", own),
      ...allOrNone(authorities.map((one) => invalidNow("the authority's", one))),
    ];
    if (own === undefined && authorities.length === 0) return skipped("no files are configured");
    return unlessAny(all.filter((words) => words !== undefined));
  },
  hint: "renew it in the certificates folder (/etc/redis/certs in the pod); no restart is needed",
};

/** A file of authorities may hold a former one, too: as long as one is valid. */
function allOrNone(invalid: readonly (string | undefined)[]): readonly (string | undefined)[] {
  return invalid.includes(undefined) ? [] : invalid;
}
