import { UsageError } from "../../errors/usage.ts";
import type { DataLocation } from "../../model/location.ts";
import { operationsAt } from "../../model/operation.ts";
import { fullName, setBudget } from "../../opsdb/locations.ts";
import { roomInUse } from "../../opsdb/room.ts";
import { requireLocation } from "../../queues/discover.ts";
import { parseSize } from "../../settings/units.ts";
import { actor } from "../actor.ts";
import type { CommandDefinition } from "../command.ts";
import { formatBytes } from "../output/format.ts";
import { withDatabase } from "../with-database.ts";

export const locationBudget: CommandDefinition<{ location: string; size: string }> = {
  arguments: [
    { name: "<location>", description: "its name, or site/name" },
    { name: "<size>", description: '"10 TiB", "500 GB", bytes; or "none": as much as its file system takes' },
  ],
  examples: [
    { command: 'ccat_data_transfer location budget ramses_processing "50 TiB"', purpose: "leave the rest to others" },
    { command: "ccat_data_transfer location budget cologne/ramses_processing none", purpose: "lift the limit" },
  ],
  async run(context, { location: name, size }) {
    const budget = size === "none" ? undefined : parseSize(size);
    if (budget === undefined && size !== "none") {
      throw new UsageError(`a budget is a size such as "10 TiB", or none, not ${JSON.stringify(size)}`);
    }
    const { location, use } = await withDatabase(context, async (db) => {
      const found = await requireLocation(db, name);
      if (operationsAt[found.locationType].length === 0) throw nothingIsPutThere(found);
      await db.transaction((tx) => setBudget(tx, found.id, budget, actor()));
      return { location: found, use: await roomInUse(db, found.id) };
    });
    const { staged, reserved } = use;
    const answer = { location: fullName(location), budget: budget ?? null };
    if (budget === undefined) {
      context.output.result(answer, [`${fullName(location)} may hold as much as its file system takes`]);
    } else {
      context.output.result({ ...answer, staged, reserved }, [
        `${fullName(location)} may hold ${formatBytes(budget)}: ${formatBytes(staged)} are staged there, ${formatBytes(reserved)} are promised to packages on their way`,
      ]);
    }
    return 0;
  },
};

function nothingIsPutThere(location: DataLocation): UsageError {
  return new UsageError(
    `nothing is brought to ${fullName(location)}, a location of type ${location.locationType}, so it needs no budget`,
    "ccat_data_transfer location list",
  );
}
