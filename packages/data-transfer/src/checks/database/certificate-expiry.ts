import { type Check, ok, unlessAny } from "../check.ts";
import { endsSoon, firstEnd, invalidNow, renewBefore } from "../words.ts";
import { databaseFiles, withoutDatabaseFiles } from "./settings.ts";

export const databaseCertificateExpiry: Check = {
  id: "database-certificate-expiry",
  category: "database",
  statement: `the certificates for PostgreSQL are valid for at least ${renewBefore} days`,
  severity: "warning",
  needs: ["database-certificate-files"],
  unless: withoutDatabaseFiles,
  async run(facts) {
    const { own, authorities } = await facts.certificates(databaseFiles(facts.settings));
    const judge = (whose: string, one: Parameters<typeof endsSoon>[1]) =>
      invalidNow(whose, one) ?? endsSoon(whose, one);
    const problems = [
      ...(own ? [judge("ours", own)] : []),
      // A file of authorities may hold a former one, too.
      ...(authorities.every((one) => judge("it", one)) ? authorities.map((one) => judge("the authority's", one)) : []),
    ].filter((words) => words !== undefined);
    const all = [...(own ? [own] : []), ...authorities];
    return problems.length > 0 ? unlessAny(problems) : ok(firstEnd(all));
  },
  hint: "renew it in place: it is read anew for every connection",
};
