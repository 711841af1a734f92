import { migrate } from "../../opsdb/migrate.ts";
import type { CommandDefinition } from "../command.ts";
import { withDatabase } from "../with-database.ts";

export const dbMigrate: CommandDefinition = {
  description:
    "Creates the schema that the setting database.schema names, or applies the migrations that it lacks, and gives the " +
    "roles of managers, workers and readers their rights. Refuses a schema that holds anything else. Doing it again " +
    "changes nothing.",
  examples: [
    { command: "ccat_data_transfer db migrate", purpose: "with the user of the settings" },
    {
      command: "CCAT_DATA_TRANSFER_DATABASE__USER=postgres ccat_data_transfer db migrate",
      purpose: "as a user who may also create the roles",
    },
  ],
  async run(context) {
    const { database } = context.settings;
    const names = { manager: database.roleManager, worker: database.roleWorker, reader: database.roleReader };
    const result = await withDatabase(context, (db) => migrate(db, { roles: names }), { migrated: false });
    const { applied, version, roles } = result;
    const done = applied.length === 0 ? "nothing to do" : `applied ${applied.join(", ")}`;
    context.output.result({ schema: database.schema, ...result }, [
      `schema ${database.schema} is at version ${version}: ${done}`,
      ...(roles.created.length > 0 ? [`created the roles ${roles.created.join(", ")}`] : []),
      ...(roles.granted.length > 0 ? [`rights are given to ${roles.granted.join(", ")}`] : []),
    ]);
    if (roles.missing.length > 0) {
      const missing = roles.missing.join(", ");
      context.output.note(`the roles ${missing} do not exist and could not be created: their rights are not given`);
    }
    return 0;
  },
};
