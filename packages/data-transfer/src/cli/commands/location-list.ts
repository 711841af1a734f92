import type { DataLocation } from "../../model/location.ts";
import { operationsAt } from "../../model/operation.ts";
import { listLocations } from "../../opsdb/locations.ts";
import { queueName } from "../../queues/queue-name.ts";
import type { CommandDefinition } from "../command.ts";
import { formatBytes } from "../output/format.ts";
import { withDatabase } from "../with-database.ts";

export const locationList: CommandDefinition = {
  examples: [
    { command: "ccat_data_transfer location list", purpose: "all of them" },
    { command: "ccat_data_transfer location list --output json", purpose: "with every field" },
  ],
  async run(context) {
    const locations = await withDatabase(context, listLocations);
    context.output.table(
      locations,
      [
        { heading: "SITE", cell: ({ site }) => site.shortName },
        { heading: "LOCATION", cell: ({ name }) => name },
        { heading: "TYPE", cell: ({ locationType }) => locationType },
        { heading: "STORAGE", cell: ({ storageType }) => storageType },
        { heading: "WHERE", cell: place },
        { heading: "QUEUES", cell: (location) => queuesOf(location).join(", ") || undefined },
        {
          heading: "BUDGET",
          cell: ({ budget }) => (budget === undefined ? undefined : formatBytes(budget)),
          align: "right",
        },
        { heading: "STATE", cell: state },
      ],
      (location) => ({ ...location, queues: queuesOf(location) }),
    );
    return 0;
  },
};

function place(location: DataLocation): string {
  if (location.storageType === "s3") return `${location.endpoint}/${location.bucket}/${location.prefix}`;
  const host = location.storageType === "disk" && location.host !== undefined ? `${location.host}:` : "";
  return `${host}${location.path}`;
}

function queuesOf(location: DataLocation): string[] {
  return operationsAt[location.locationType].map((operation) => queueName(location, operation));
}

function state({ active, pauseMessage }: DataLocation): string {
  if (!active) return "not in use";
  return pauseMessage === undefined ? "in use" : `paused: ${pauseMessage}`;
}
