import type { Command } from "../command.ts";
import { purgeQueue } from "../purge-queue.ts";
import { readOption } from "../read-option.ts";
import { UsageError } from "../usage-error.ts";
import { withConnection } from "../with-connection.ts";

export const purge: Command<{ force?: boolean; queues?: string[]; excludeQueues?: string[] }> = {
  name: "purge",
  summary: "throws away what waits in queues",
  description: "What workers hold already stays. There is no way back.",
  options: [
    { flags: "-f, --force", description: "do it; without this you are told how much there is" },
    {
      flags: "-Q, --queues <names>",
      description: "joined by commas; those of the app by default",
      read: readOption.list,
    },
    { flags: "-X, --exclude-queues <names>", description: "queues of the app to be left alone", read: readOption.list },
  ],
  examples: [
    { command: "celery-node purge -Q sums -b redis://localhost", purpose: "how much is there?" },
    { command: "celery-node -A app.ts purge -f", purpose: "all queues of the app" },
  ],
  run: (context, { force = false, queues, excludeQueues = [] }) =>
    withConnection(context, async ({ broker }) => {
      const { worker } = (await context.app()).app.settings;
      const own = worker.queues?.map((queue) => (typeof queue === "string" ? queue : queue.name));
      const chosen = (queues ?? own ?? [worker.defaultQueue ?? "celery"]).filter(
        (name) => !excludeQueues.includes(name),
      );
      const rows: { queue: string; messages: number }[] = [];
      for (const queue of chosen) {
        const messages = force ? await purgeQueue(broker, queue) : (await broker.inspect(queue)).waiting;
        rows.push({ queue, messages });
      }
      const columns = [
        { heading: "QUEUE", cell: (row: { queue: string }) => row.queue },
        {
          heading: force ? "PURGED" : "WAITING",
          cell: (row: { messages: number }) => row.messages,
          align: "right" as const,
        },
      ];
      if (force) context.output.table(rows, columns);
      else {
        const total = rows.reduce((sum, { messages }) => sum + messages, 0);
        throw new UsageError(
          `${total} messages wait in ${chosen.join(", ")}; nothing is thrown away without --force`,
          `celery-node purge --force --queues ${chosen.join(",")}`,
        );
      }
      return 0;
    }),
};
