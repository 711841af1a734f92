import type { Broker, ResultStore } from "@ccatobs/celery";
import type { CommandContext } from "./command.ts";
import { connectBroker } from "./connect-broker.ts";

/** Does something with the broker and the results, and closes both whatever happens. */
export async function withBroker<T>(
  { settings, log, signal }: Pick<CommandContext, "settings" | "log" | "signal">,
  work: (broker: Broker, results: ResultStore) => Promise<T>,
): Promise<T> {
  const { broker, results, close } = await connectBroker(settings, log, signal);
  try {
    return await work(broker, results);
  } finally {
    await close();
  }
}
