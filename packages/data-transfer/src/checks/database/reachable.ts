import { DatabaseBusy, DatabaseUnreachable } from "../../errors/database.ts";
import type { Check } from "../check.ts";
import { passes } from "../stage.ts";

export const databaseReachable: Check = {
  id: "database-reachable",
  category: "database",
  statement: "PostgreSQL answers",
  severity: "fatal",
  needs: ["database-certificate-files"],
  mayRecover: true,
  run: async (facts) => {
    const { name } = await facts.database();
    return passes(facts.ping(), [DatabaseUnreachable, DatabaseBusy], `at ${name}`);
  },
  hint: "ccat_data_transfer settings show database   # then nc -v <host> <port>",
  hintFirst: true,
};
