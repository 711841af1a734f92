import { once } from "node:events";
import { readPlainMessage } from "../../message/plain-envelope.ts";
import type { Command } from "../command.ts";
import { withConnection } from "../with-connection.ts";

export const events: Command<{ dump?: boolean }> = {
  name: "events",
  summary: "prints what workers tell, until it is interrupted",
  description:
    "Workers tell of tasks only when they were started with -E, or after `celery-node control enable_events`. With --output json each event is one line.",
  options: [{ flags: "-d, --dump", description: "as lines; there is no other form here" }],
  examples: [
    { command: "celery-node events --dump -b redis://localhost", purpose: "for people" },
    {
      command: "celery-node events -A app.ts --output json | jq 'select(.type == \"task-failed\")'",
      purpose: "for a program",
    },
  ],
  run: (context) =>
    withConnection(context, async ({ broker }) => {
      const show = (event: unknown) => context.output.item(event, eventLine(Object(event) as Record<string, unknown>));
      const subscription = { exchange: "celeryev", routingKey: "#", queue: `celeryev.${process.pid}` };
      const listening = await broker.listen(subscription, (raw) => {
        for (const event of readEvents(raw)) show(event);
      });
      context.output.note("-> listening; Ctrl-C ends it");
      try {
        if (!context.signal.aborted) await once(context.signal, "abort");
      } finally {
        await listening.stop();
      }
      return 0;
    }),
};

/** Events of tasks come by the list; what is no event is nothing to us. */
function readEvents(raw: string): unknown[] {
  try {
    return [readPlainMessage(raw).body].flat();
  } catch {
    return [];
  }
}

/** `celery@host [2026-05-08T12:00:03.123Z] task-received: add(3f1c...) args='(2, 3)' ...` */
export function eventLine({ type, hostname, timestamp, uuid, name, ...rest }: Record<string, unknown>): string {
  const time = typeof timestamp === "number" ? new Date(timestamp * 1000).toISOString() : "-";
  const task = uuid === undefined ? "" : ` ${name ?? ""}(${uuid})`;
  const more = Object.entries(rest)
    .filter(([key, value]) => value !== null && !["pid", "clock", "utcoffset"].includes(key))
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? `'${value}'` : JSON.stringify(value)}`);
  return `${hostname} [${time}] ${type}:${task}${more.join("")}`;
}
