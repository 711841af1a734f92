import { requireMigrated } from "../../opsdb/migrate.ts";
import { latestVersion } from "../../opsdb/migrations/migrations.ts";
import { type Check, ok } from "../check.ts";

export const databaseMigrated: Check = {
  id: "database-migrated",
  category: "database",
  statement: "the schema is the one that this release needs",
  severity: "fatal",
  needs: ["database-primary"],
  mayRecover: true,
  async run(facts) {
    const db = await facts.database();
    await requireMigrated(db);
    return ok(`${db.schema}, version ${latestVersion}`);
  },
  hint: "ccat_data_transfer db migrate",
};
