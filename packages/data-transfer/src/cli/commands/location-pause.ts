import { UsageError } from "../../errors/usage.ts";
import type { DataLocation } from "../../model/location.ts";
import { operationsAt } from "../../model/operation.ts";
import { fullName, pauseLocation } from "../../opsdb/locations.ts";
import { requireLocation } from "../../queues/discover.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition } from "../command.ts";
import { withDatabase } from "../with-database.ts";

export const locationPause: CommandDefinition<{ location: string; message: string }> = {
  arguments: [
    { name: "<location>", description: "its name, or site/name" },
    { name: "<message>", description: "why, and until when: everybody who waits for data there sees it" },
  ],
  examples: [
    {
      command: 'ccat_data_transfer location pause ramses_processing "file system maintenance until Friday"',
      purpose: "before a maintenance",
    },
    {
      command: 'ccat_data_transfer location pause cologne/ramses_processing "quota is used up"',
      purpose: "with the site's name",
    },
  ],
  async run(context, { location: name, message }) {
    const location = await withDatabase(context, async (db) => {
      const found = await requireLocation(db, name);
      if (operationsAt[found.locationType].length === 0) throw nothingToPause(found);
      await db.transaction((tx) => pauseLocation(tx, found.id, message, actor()));
      return found;
    });
    context.output.result({ location: fullName(location), paused: true, message }, [
      `${fullName(location)} is paused: ${message}`,
      `resume it with: ccat_data_transfer location resume ${fullName(location)}`,
    ]);
    return 0;
  },
};

function nothingToPause(location: DataLocation): UsageError {
  return new UsageError(
    `nothing begins at ${fullName(location)}, a location of type ${location.locationType}, so it cannot be paused`,
    "to keep it from being read give it active = false: ccat_data_transfer db seed --file <file>",
  );
}
