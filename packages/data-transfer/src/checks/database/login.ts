import { DatabaseLogin } from "../../errors/database.ts";
import type { Check } from "../check.ts";
import { passes } from "../stage.ts";

export const databaseLogin: Check = {
  id: "database-login",
  category: "database",
  statement: "PostgreSQL lets us in",
  severity: "fatal",
  needs: ["database-reachable", "database-tls"],
  run: (facts) => passes(facts.ping(), [DatabaseLogin], `as ${facts.settings.database.user}`),
  hint: "ccat_data_transfer settings show database   # user, name, and password or password_file",
};
