import { fullName, pauseLocation } from "../../opsdb/locations.ts";
import { requireLocation } from "../../queues/discover.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition } from "../command.ts";
import { withDatabase } from "../with-database.ts";

export const locationPause: CommandDefinition<{ location: string; message: string }> = {
  name: "location pause",
  summary: "lets nothing new begin at a location; what runs goes on to its end",
  arguments: [
    { name: "<location>", description: "its name, or site/name" },
    { name: "<message>", description: "why, and until when: everybody who waits for data there sees it" },
  ],
  examples: [
    {
      command: 'ccat_data_transfer location pause ramses_processing "file system maintenance until Friday"',
      purpose: "before a maintenance",
    },
    { command: 'ccat_data_transfer location pause cologne/lta "archive is moved"', purpose: "with the site's name" },
  ],
  async run(context, { location: name, message }) {
    const location = await withDatabase(context, async (db) => {
      const found = await requireLocation(db, name);
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
