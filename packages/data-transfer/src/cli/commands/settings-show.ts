import { UsageError } from "../../errors/usage.ts";
import type { Origin } from "../../settings/settings.ts";
import type { CommandDefinition } from "../command.ts";
import { formatBytes, formatDuration } from "../output/format.ts";

export const settingsShow: CommandDefinition<{ table?: string }> = {
  arguments: [{ name: "[table]", description: "only the settings of this table, such as redis" }],
  examples: [
    { command: "ccat_data_transfer settings show", purpose: "everything" },
    { command: "ccat_data_transfer settings show redis --output json", purpose: "how Redis is reached, for a program" },
  ],
  async run({ loaded, output }, { table }) {
    const rows = loaded.origins.filter(
      ({ key }) => table === undefined || key === table || key.startsWith(`${table}.`),
    );
    if (rows.length === 0) {
      const known = [...new Set(loaded.origins.map(({ key }) => key.split(".")[0]))].join(", ");
      throw new UsageError(
        `there are no settings called ${table}; known are ${known}`,
        "ccat_data_transfer settings show",
      );
    }
    output.note(`environment: ${loaded.settings.environment}`);
    output.table(
      rows,
      [
        { heading: "SETTING", cell: ({ key }) => key },
        { heading: "VALUE", cell: shown },
        { heading: "FROM", cell: ({ origin }) => origin },
      ],
      ({ key, value, origin }) => ({ key, value: value ?? null, origin }),
    );
    return 0;
  },
};

function shown({ kind, value }: Origin): string {
  if (value === undefined) return "-";
  if (kind === "duration") return formatDuration(value as number);
  if (kind === "size") return formatBytes(value as number);
  if (kind === "mode") return (value as number).toString(8).padStart(4, "0");
  return Array.isArray(value) ? value.join(", ") || "(none)" : String(value);
}
