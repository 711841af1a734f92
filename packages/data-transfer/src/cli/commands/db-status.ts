import { migrationStatus } from "../../opsdb/migrate.ts";
import type { CommandDefinition } from "../command.ts";
import { formatTime } from "../output/format.ts";
import { withDatabase } from "../with-database.ts";

export const dbStatus: CommandDefinition = {
  description:
    "Changes nothing. Exit code 1 when a migration is missing or was changed, or tables that are not ours are found.",
  examples: [
    { command: "ccat_data_transfer db status", purpose: "is the schema up to date?" },
    {
      command: "ccat_data_transfer db status --startup-timeout 0 --output json",
      purpose: "for a script that cannot wait",
    },
  ],
  async run(context) {
    const { output } = context;
    const status = await withDatabase(context, migrationStatus, { migrated: false });
    const problems = [
      ...(status.version < status.latest ? [`version ${status.latest} is needed: ccat_data_transfer db migrate`] : []),
      ...(status.version > status.latest
        ? [`this program is older than the schema: it knows version ${status.latest}`]
        : []),
      ...status.migrations
        .filter(({ changed }) => changed)
        .map(({ name }) => `migration ${name} was applied with another text`),
      ...(status.foreignTables.length > 0 ? [`tables that are not ours: ${status.foreignTables.join(", ")}`] : []),
    ];
    if (output.format === "json") output.result({ ...status, problems }, []);
    else {
      output.note(`schema ${status.schema} is at version ${status.version}, this release needs ${status.latest}`);
      output.table(status.migrations, [
        { heading: "VERSION", cell: ({ version }) => version, align: "right" },
        { heading: "MIGRATION", cell: ({ name }) => name },
        { heading: "APPLIED", cell: ({ appliedAt }) => appliedAt && formatTime(new Date(appliedAt)) },
      ]);
    }
    for (const problem of problems) output.note(problem);
    return problems.length === 0 ? 0 : 1;
  },
};
