import type { Logger } from "pino";
import type { Broker } from "../../broker/broker.ts";
import { createControl } from "../../client/control.ts";
import { isRecord } from "../../message/inert-json.ts";
import type { LamportClock } from "../events/lamport-clock.ts";
import type { RevokedTasks } from "../revoked-tasks.ts";
import { mostExchanged, readRevokes, writeRevokes } from "./exchanged-revokes.ts";

export interface MingleOptions {
  broker: Pick<Broker, "broadcast" | "openMailbox">;
  /** Node name. */
  name: string;
  clock: LamportClock;
  revoked: RevokedTasks;
  log: Logger;
  namespace?: string;
  /** Time for the neighbours to reply, in ms; 1,000 by default. It ends as soon as all have. */
  timeout?: number;
}

/**
 * Asks the other workers, before the first task, which tasks are revoked and how late it is by the logical clock (celery
 * 5.6 `worker/consumer/mingle.py`). Without an answer there is nothing to be learned; never rejects.
 */
export async function mingle(options: MingleOptions): Promise<void> {
  const { broker, name, clock, revoked, log, namespace, timeout = 1_000 } = options;
  const control = createControl({ broker, clock, ...(namespace === undefined ? {} : { namespace }) });
  try {
    const told = writeRevokes(revoked.recent(mostExchanged));
    const replies = Object.entries(await control.inspect.hello(name, told, { timeout }));
    const neighbours = replies.filter(([node, reply]) => node !== name && isRecord(reply));
    for (const [, reply] of neighbours) revoked.merge(readRevokes((reply as Record<string, unknown>).revoked));
    log.info({ neighbours: neighbours.length, revoked: revoked.ids().length }, "mingled with the other workers");
  } catch (error) {
    log.warn({ err: error }, "the other workers could not be asked what is revoked");
  }
}
