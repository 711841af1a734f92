import { ownTables } from "../../opsdb/migrate.ts";
import { missingWorkerRights } from "../../opsdb/roles.ts";
import { type Check, ok, problem } from "../check.ts";

export const databaseRights: Check = {
  id: "database-rights",
  category: "database",
  statement: "our database user may do a worker's work",
  severity: "fatal",
  needs: ["database-migrated"],
  async run(facts) {
    const db = await facts.database();
    const { user } = await facts.server();
    const missing = await missingWorkerRights(db, db.schema, ownTables);
    if (missing.length === 0) return ok(`as ${user}`);
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
    return problem(`${user} lacks ${missing.slice(0, 3).join(", ")}${more}`);
  },
  hint: "GRANT ccat_worker TO <user>   # by the schema's owner, after ccat_data_transfer db migrate",
};
