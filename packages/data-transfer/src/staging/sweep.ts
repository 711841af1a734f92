import type { Broker } from "@ccatobs/celery";
import type { Logger } from "pino";
import type { Database } from "../opsdb/database.ts";
import type { JobEnd } from "../opsdb/items.ts";
import { expireClaims, markRungAgain, readEpoch, scheduledItems, writeEpoch } from "../opsdb/sweep.ts";
import type { Ring } from "./ring.ts";

export interface SweepOptions {
  db: Database;
  broker: Broker;
  ring: Ring;
  log: Logger;
  /** Seconds after which an item that is still only scheduled is looked for; grows with every ring. */
  reringAfter: number;
  /** Seconds beyond the end of a claim before it counts as abandoned: the broker's own restore usually comes first. */
  grace: number;
  /** Failures after which an item that loses its worker is not tried again. */
  maxFailures: number;
  /** Items looked at in one go. */
  page: number;
}

export interface SweepReport {
  /** Items whose worker is gone; most are pending again. */
  abandoned: number;
  /** Jobs of which the last item ended by that. */
  ended: JobEnd[];
  /** Items whose message the broker had lost; rung again. */
  rungAgain: number;
  /** The broker had lost its memory since the last sweep. */
  brokerForgot: boolean;
}

/**
 * Finds what the queue has forgotten, and only that: a message that merely waits in a long queue is left alone.
 *
 * Everything scheduled is looked for when the broker's epoch has changed (flushed, or replaced by an empty one), else
 * only what has been scheduled for long. What the broker still holds, waiting or in a worker's hands, is not rung.
 */
export async function sweep(options: SweepOptions): Promise<SweepReport> {
  const { db, broker, log } = options;
  const { items: abandoned, ends } = await expireClaims(db, {
    graceSeconds: options.grace,
    maxFailures: options.maxFailures,
  });
  for (const item of abandoned) log.warn({ item: item.id, job: item.jobId, worker: item.claimedBy }, "claim abandoned");

  const epoch = await broker.epoch();
  const known = await readEpoch(db);
  const brokerForgot = known !== undefined && known !== epoch;
  const rungAgain = await ringForgotten(options, brokerForgot ? 0 : options.reringAfter);
  if (brokerForgot) log[rungAgain > 0 ? "warn" : "info"]({ rungAgain }, "the broker had lost its memory");
  // Written last: a sweep that dies before this line is done again as a whole.
  if (known !== epoch) await writeEpoch(db, epoch);
  return { abandoned: abandoned.length, ended: ends, rungAgain, brokerForgot };
}

async function ringForgotten({ db, broker, ring, log, page }: SweepOptions, olderThanSeconds: number): Promise<number> {
  let rung = 0;
  let afterId = 0;
  for (;;) {
    const scheduled = await scheduledItems(db, { olderThanSeconds, limit: page, afterId });
    for (const [queue, items] of Map.groupBy(scheduled, (item) => ring.queueOf(item.destination))) {
      const held = await broker.holds(
        queue,
        items.map(({ taskId }) => taskId),
      );
      for (const item of items) {
        if (held.has(item.taskId) || !(await markRungAgain(db, item))) continue;
        await ring.send(item);
        log.warn({ item: item.id, job: item.jobId, taskId: item.taskId, queue }, "message was lost; rung again");
        rung++;
      }
    }
    if (scheduled.length < page) return rung;
    afterId = scheduled.at(-1)!.id;
  }
}
