import { UsageError } from "../../errors/usage.ts";
import type { Queryable } from "../../opsdb/database.ts";
import { type DiscoveredQueue, discoverQueues, nearestName, queuesOfLocation } from "../../queues/discover.ts";
import type { CommandDefinition } from "../command.ts";
import { runService } from "../engine/service.ts";
import { startStagingWorker } from "../engine/staging-worker.ts";
import { refuseMemoryBroker } from "../refuse-memory-broker.ts";

interface Input {
  location: string[];
  queue: string[];
}

export const worker: CommandDefinition<Input> = {
  options: [
    { flags: "--location <name>", description: "all queues of this location; may be repeated", repeatable: true },
    { flags: "--queue <name>", description: "this queue; may be repeated", repeatable: true },
    { flags: "--concurrency <count>", description: "packages at a time", setting: "worker.concurrency" },
    { flags: "--health-port <port>", description: "port of /livez, /readyz and /metrics", setting: "health.port" },
  ],
  examples: [
    { command: "ccat_data_transfer worker --location ramses_processing", purpose: "as the deployment does" },
    {
      command: "ccat_data_transfer worker --queue cologne_ramses_processing_staging",
      purpose: "one queue by its name",
    },
  ],
  service: true,
  async run(context, input) {
    refuseMemoryBroker(context.settings, "worker");
    if (input.location.length + input.queue.length === 0) {
      throw new UsageError(
        "say what to consume: --location <name> or --queue <name>",
        "ccat_data_transfer list-queues",
      );
    }
    return runService(context, async (parts) => {
      const queues = await chooseQueues(parts.db, input);
      const { worker, stop } = await startStagingWorker(parts, queues);
      context.log.info({ worker: worker.name, queues: queues.map(({ queue }) => queue) }, "worker is consuming");
      return {
        stop,
        async watch(broker) {
          for (const { queue } of queues) parts.metrics.queueDepth(queue, (await broker.inspect(queue)).waiting);
        },
      };
    });
  },
};

/** Locations and queues that were named, checked against the database. @throws UnknownLocation, UsageError */
async function chooseQueues(q: Queryable, { location, queue }: Input): Promise<DiscoveredQueue[]> {
  const known = await discoverQueues(q);
  const chosen = new Map<string, DiscoveredQueue>();
  for (const name of location) {
    const found = await queuesOfLocation(q, name);
    if (found.length === 0) {
      throw new UsageError(`no operation happens at ${name}, so it has no queue`, "ccat_data_transfer list-queues");
    }
    for (const one of found) chosen.set(one.queue, one);
  }
  for (const name of queue) {
    const found = known.find((one) => one.queue === name);
    if (found === undefined) throw unknownQueue(name, known);
    chosen.set(name, found);
  }
  return [...chosen.values()];
}

function unknownQueue(name: string, known: readonly DiscoveredQueue[]): UsageError {
  const names = known.map(({ queue }) => queue);
  const nearest = nearestName(name, names);
  const guess = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return new UsageError(
    `the database calls for no queue ${name}${guess} (known are ${names.join(", ") || "none"})`,
    "ccat_data_transfer list-queues",
    { queue: name, known: names, nearest },
  );
}
