import { type Check, ok } from "../check.ts";

export const databasePrimary: Check = {
  id: "database-primary",
  category: "database",
  statement: "PostgreSQL takes writes",
  severity: "fatal",
  needs: ["database-login"],
  mayRecover: true,
  // Whatever the checks before were not concerned by is told here.
  async run(facts) {
    await facts.ping();
    return ok(`version ${(await facts.server()).version}`);
  },
  hint: "ccat_data_transfer settings show database   # is this the primary?",
};
