import type { Broker, QueueState } from "@ccatobs/celery";
import { type DiscoveredQueue, discoverQueues, queuesOfLocation } from "../../queues/discover.ts";
import type { CommandDefinition, ExitCode } from "../command.ts";
import { formatDuration } from "../output/format.ts";
import type { Column, Output } from "../output/output.ts";
import { withBroker } from "../with-broker.ts";
import { withDatabase } from "../with-database.ts";

interface QueueRow extends DiscoveredQueue {
  state: QueueState;
}

export const listQueues: CommandDefinition<{ location?: string }> = {
  description:
    "Exit code 1 when a queue of the named location is not bound or nobody consumes it. What cannot be known is ?, never a false 0.",
  arguments: [{ name: "[location]", description: "only this location's queues: its name, or site/name" }],
  examples: [
    { command: "ccat_data_transfer list-queues ramses_processing", purpose: "is the worker registered?" },
    { command: "ccat_data_transfer list-queues --output json", purpose: "all queues, for a program" },
  ],
  run: (context, { location }) =>
    withDatabase<ExitCode>(context, async (db) => {
      const queues = location === undefined ? await discoverQueues(db) : await queuesOfLocation(db, location);
      return withBroker(context, async (broker) => {
        return showQueues(context.output, await queueRows(broker, queues), location !== undefined);
      });
    }),
};

/** @param judge  whether a queue without binding or consumer is a problem */
export function showQueues(output: Output, rows: readonly QueueRow[], judge: boolean): ExitCode {
  output.table(rows, columns, asJson);
  if (!judge) return 0;
  const problems = rows.flatMap(({ queue, state }) => [
    ...(state.bound ? [] : [`queue ${queue} is not bound: no worker has ever declared it on this broker`]),
    ...(state.consumers === 0 ? [`nobody consumes ${queue}: start a worker for it`] : []),
  ]);
  for (const problem of problems) output.note(problem);
  if (problems.length > 0) output.note(`try: ccat_data_transfer worker --location ${rows[0]?.location.name}`);
  return problems.length > 0 ? 1 : 0;
}

export async function queueRows(broker: Broker, queues: readonly DiscoveredQueue[]): Promise<QueueRow[]> {
  return Promise.all(queues.map(async (queue) => ({ ...queue, state: await broker.inspect(queue.queue) })));
}

const columns: readonly Column<QueueRow>[] = [
  { heading: "QUEUE", cell: ({ queue }) => queue },
  { heading: "SITE", cell: ({ site }) => site.shortName },
  { heading: "LOCATION", cell: ({ location }) => location.name },
  { heading: "OPERATION", cell: ({ operation }) => operation },
  { heading: "WAITING", cell: ({ state }) => state.waiting, align: "right" },
  {
    heading: "UNACKED",
    cell: ({ state: { unacked } }) => `${unacked.atLeast ? ">=" : ""}${unacked.count}`,
    align: "right",
  },
  { heading: "SCHEDULED", cell: ({ state }) => state.scheduled, align: "right" },
  { heading: "BOUND", cell: ({ state }) => (state.bound ? "yes" : "NO") },
  { heading: "CONSUMERS", cell: ({ state }) => state.consumers ?? "?", align: "right" },
  {
    heading: "OLDEST",
    cell: ({ state }) => (state.oldestAge === undefined ? "-" : formatDuration(state.oldestAge)),
    align: "right",
  },
];

function asJson({ queue, site, location, operation, state }: QueueRow) {
  return {
    queue,
    site: site.shortName,
    location: location.name,
    operation,
    waiting: state.waiting,
    unacked: state.unacked.count,
    unacked_at_least: state.unacked.atLeast,
    scheduled: state.scheduled,
    bound: state.bound,
    consumers: state.consumers ?? null,
    oldest_age_seconds: state.oldestAge ?? null,
  };
}
