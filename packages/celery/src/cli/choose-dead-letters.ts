import type { Broker, DeadLetter } from "../broker/broker.ts";
import { UsageError } from "./usage-error.ts";

/** Which dead letters are meant: some by their ids, or those that fit. */
export interface Choice {
  ids?: readonly string[];
  queue?: string;
  reason?: string;
  all?: boolean;
}

/** What is looked at, at most. */
const most = 100_000;

/** Newest first. @throws {UsageError} when nothing says which ones are meant */
export async function chooseDeadLetters(
  broker: Pick<Broker, "deadLetters" | "findDeadLetter">,
  { ids = [], queue, reason, all = false }: Choice,
): Promise<{ chosen: DeadLetter[]; missing: string[]; complete: boolean }> {
  if (ids.length > 0) {
    if (all || queue !== undefined || reason !== undefined)
      throw new UsageError("say either ids, or --queue, --reason and --all");
    const found = await Promise.all(ids.map(async (id) => ({ id, letter: await broker.findDeadLetter(id) })));
    return {
      chosen: found.flatMap(({ letter }) => letter ?? []),
      missing: found.filter(({ letter }) => letter === undefined).map(({ id }) => id),
      complete: true,
    };
  }
  if (!all && queue === undefined && reason === undefined)
    throw new UsageError("say which: ids, --queue, --reason or --all", "celery-node dead-letters list");
  const letters = await broker.deadLetters(most);
  const fits = (letter: DeadLetter) =>
    (queue === undefined || letter.queue === queue) && (reason === undefined || letter.reason === reason);
  return { chosen: letters.filter(fits), missing: [], complete: letters.length < most };
}
