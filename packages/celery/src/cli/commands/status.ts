import { type TargetInput, targetOf, targetOptions } from "../ask-workers.ts";
import type { Command } from "../command.ts";
import { withConnection } from "../with-connection.ts";

export const status: Command<TargetInput> = {
  name: "status",
  summary: "which workers are there",
  description: "Exit code 1 when none answers.",
  options: targetOptions,
  examples: [
    { command: "celery-node status -b redis://localhost", purpose: "all workers of a broker, Python's too" },
    { command: "celery-node status -A app.ts -d celery@web1", purpose: "is this one alive? for a probe" },
  ],
  run: (context, input) =>
    withConnection(context, async ({ control }) => {
      const replies = await control.ping(targetOf(input));
      const nodes = Object.keys(replies).sort();
      context.output.table(
        nodes.map((node) => ({ node, status: "ok" in replies[node]! ? "OK" : "ERROR" })),
        [
          { heading: "NODE", cell: ({ node }) => node },
          { heading: "STATUS", cell: (row) => row.status },
        ],
      );
      context.output.note(`${nodes.length} ${nodes.length === 1 ? "node" : "nodes"} online.`);
      return nodes.length === 0 ? 1 : 0;
    }),
};
