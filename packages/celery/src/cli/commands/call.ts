import { signature } from "../../canvas/compose.ts";
import type { Command } from "../command.ts";
import { readOption } from "../read-option.ts";
import { UsageError } from "../usage-error.ts";
import { withConnection } from "../with-connection.ts";

interface CallInput {
  name: string;
  args?: unknown[];
  kwargs?: Record<string, unknown>;
  eta?: Date;
  countdown?: number;
  expires?: Date | number;
  priority?: number;
  serializer?: "json" | "msgpack" | "yaml";
  queue?: string;
  exchange?: string;
  routingKey?: string;
}

export const call: Command<CallInput> = {
  name: "call",
  summary: "sends a task; prints its id",
  description: "Without --queue it goes where the app's task_routes say, else to its default queue.",
  arguments: [{ name: "<name>", description: "of the task" }],
  options: [
    { flags: "-a, --args <json>", description: "positional arguments, a JSON array", read: readOption.jsonArray },
    { flags: "-k, --kwargs <json>", description: "keyword arguments, a JSON object", read: readOption.jsonObject },
    { flags: "--eta <time>", description: "not before, ISO 8601", read: readOption.time },
    { flags: "--countdown <seconds>", description: "not before so long from now", read: readOption.seconds },
    { flags: "--expires <time>", description: "not after: ISO 8601, or seconds from now", read: readExpires },
    { flags: "--priority <number>", description: "0 (served first) to 9", read: readOption.whole(0) },
    { flags: "--serializer <name>", description: "form of the body", choices: ["json", "msgpack", "yaml"] },
    { flags: "--queue <name>", description: "where it goes" },
    { flags: "--exchange <name>", description: "where it goes, with --routing-key" },
    { flags: "--routing-key <key>", description: "where it goes, with --exchange" },
  ],
  examples: [
    { command: "celery-node call add --args '[2, 40]' --queue sums -b redis://localhost", purpose: "now" },
    { command: "celery-node -A app.ts call report --kwargs '{\"day\": 3}' --countdown 60", purpose: "in a minute" },
  ],
  run: (context, { name, queue, exchange, routingKey, ...options }) =>
    withConnection(context, async ({ client }) => {
      if ((exchange === undefined) !== (routingKey === undefined))
        throw new UsageError("--exchange and --routing-key go together");
      const { args, ...settings } = options;
      const { id } = await client.apply(signature(name, args, { ...settings, queue, exchange, routingKey }));
      context.output.result({ id }, [id]);
      return 0;
    }),
};

function readExpires(text: string, option: string): Date | number {
  return /^\d+(\.\d+)?$/.test(text) ? readOption.seconds(text, option) : readOption.time(text, option);
}
