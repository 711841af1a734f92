import { inspectSchema } from "../../opsdb/inspect-schema.ts";
import type { CommandDefinition } from "../command.ts";
import { withDatabase } from "../with-database.ts";

export const dbInspect: CommandDefinition = {
  description:
    "Runs the migrations once more in a schema of their own, which is rolled back, and lists every table, column, " +
    "constraint, index, trigger and function that is missing, extra or different. Exit code 1 when there is any.",
  examples: [
    { command: "ccat_data_transfer db inspect", purpose: "did somebody change the schema by hand?" },
    { command: "ccat_data_transfer db inspect --output json", purpose: "the same, for a program" },
  ],
  async run(context) {
    const { output } = context;
    const differences = await withDatabase(context, inspectSchema, { migrated: false });
    if (differences.length === 0) {
      output.result([], ["no differences"]);
      return 0;
    }
    output.table(differences, [
      { heading: "DIFFERENCE", cell: ({ kind }) => kind },
      { heading: "OBJECT", cell: ({ object }) => object },
      { heading: "EXPECTED", cell: ({ expected }) => expected },
      { heading: "FOUND", cell: ({ found }) => found },
    ]);
    return 1;
  },
};
