import { type Check, ok, problem, skipped } from "../check.ts";
import { isLocal } from "../words.ts";

export const databaseIdentity: Check = {
  id: "database-identity",
  category: "database",
  statement: "the way to PostgreSQL is encrypted, and PostgreSQL proves its name (verify-full)",
  severity: "warning",
  needs: ["database-primary"],
  async run(facts) {
    const { host, sslmode, serverName } = facts.settings.database;
    const { encrypted } = await facts.server();
    if (encrypted && sslmode === "verify-full") return ok(serverName === undefined ? undefined : `as ${serverName}`);
    if (isLocal(host)) return skipped("it is this machine");
    if (!encrypted)
      return problem(`nothing is encrypted: database.sslmode is ${sslmode}, and the server offers no TLS`);
    return problem(`it is encrypted, but anybody on the way could play PostgreSQL: database.sslmode is ${sslmode}`);
  },
  hint: "set database.sslmode to verify-full, and database.sslrootcert to the authority's certificate",
};
