import { fullName, resumeLocation } from "../../opsdb/locations.ts";
import { requireLocation } from "../../queues/discover.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition } from "../command.ts";
import { withDatabase } from "../with-database.ts";

export const locationResume: CommandDefinition<{ location: string }> = {
  arguments: [{ name: "<location>", description: "its name, or site/name" }],
  examples: [
    { command: "ccat_data_transfer location resume ramses_processing", purpose: "after a maintenance" },
    { command: "ccat_data_transfer location resume cologne/ramses_processing", purpose: "with the site's name" },
  ],
  async run(context, { location: name }) {
    const location = await withDatabase(context, async (db) => {
      const found = await requireLocation(db, name);
      if (found.pauseMessage !== undefined) await db.transaction((tx) => resumeLocation(tx, found.id, actor()));
      return found;
    });
    const was =
      location.pauseMessage === undefined ? "was not paused" : `is resumed; it was paused: ${location.pauseMessage}`;
    context.output.result({ location: fullName(location), paused: false }, [`${fullName(location)} ${was}`]);
    return 0;
  },
};
