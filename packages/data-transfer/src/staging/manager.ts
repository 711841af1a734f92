import { setTimeout as pause } from "node:timers/promises";
import type { Broker, Client } from "@ccatobs/celery";
import type { Logger } from "pino";
import { NoSource } from "../errors/staging.ts";
import type { Database } from "../opsdb/database.ts";
import { failUnclaimedItem, type JobEnd, markScheduled, type RingItem, takeItemsToRing } from "../opsdb/items.ts";
import { listenForItems } from "../opsdb/notifications.ts";
import { archiveCopies } from "../opsdb/packages.ts";
import { settleWaitingJob } from "./job-result.ts";
import { persistently } from "./persistently.ts";
import type { Ring } from "./ring.ts";
import { sweep } from "./sweep.ts";

export interface ManagerOptions {
  db: Database;
  broker: Broker;
  client: Client;
  ring: Ring;
  log: Logger;
  /** Seconds between two looks at the database when nothing woke us. */
  sleepTime: number;
  /** Most items rung in one transaction. */
  batch: number;
  /** Seconds between two sweeps. */
  sweepInterval: number;
  /** See {@link sweep}. */
  reringAfter: number;
  /** Seconds beyond the end of a claim before the sweep takes the item back. */
  claimGrace: number;
  /** See {@link sweep}. */
  maxFailures: number;
  /** Called after every look, with what was wrong if anything was. */
  onTurn(error: string | undefined): void;
}

export interface Manager {
  start(): Promise<void>;
  /** Ends after the look that is under way. */
  stop(): Promise<void>;
  /** One look at the database: rings for every pending item that is due. Returns how many were rung. */
  tick(): Promise<number>;
  facts(): ManagerFacts;
}

/** The manager is its own health record. */
export interface ManagerFacts {
  /** Seconds since the loop last turned, whether it found work or not; undefined before the first turn. */
  secondsSinceLastTurn: number | undefined;
  /** The last look at database and broker succeeded. */
  connected: boolean;
  lastError: string | undefined;
  rung: number;
  rungAgain: number;
}

/**
 * Watches the database for pending items and rings their queues. Holds nothing: it may be killed anywhere, and several
 * may run at once, since rows are taken with SKIP LOCKED.
 *
 * An item is marked scheduled, and committed, before its message is sent: a manager that dies in between leaves an item
 * that the sweep finds.
 */
export function createManager(options: ManagerOptions): Manager {
  const { db, broker, client, ring, log, batch } = options;
  const stopping = new AbortController();
  let wake = new AbortController();
  let running: Promise<void> | undefined;
  let lastTurn: number | undefined;
  let lastError: string | undefined;
  let nextSweep = 0;
  /** Items were marked and their messages not sent: they are looked for as soon as the queue can be reached again. */
  let unsent = false;
  let rung = 0;
  let rungAgain = 0;

  async function tick(): Promise<number> {
    let total = 0;
    for (;;) {
      const { toRing, ended, more } = await takeBatch();
      for (const end of ended) await tellWaiting(end);
      for (const item of toRing) {
        await ring.send(item).catch((error: unknown) => {
          unsent = true;
          throw error;
        });
        log.info({ item: item.id, job: item.jobId, package: item.packageName, taskId: item.taskId }, "rung");
      }
      total += toRing.length;
      rung += toRing.length;
      if (!more || stopping.signal.aborted) return total;
    }
  }

  /** Takes due items and decides for each, in one transaction: scheduled, or failed because nothing can be done. */
  function takeBatch(): Promise<{ toRing: RingItem[]; ended: JobEnd[]; more: boolean }> {
    return db.transaction(async (tx) => {
      const due = await takeItemsToRing(tx, { limit: batch });
      const sources = await archiveCopies(
        tx,
        due.map((item) => item.packageId),
      );
      const readable = new Set(sources.map(({ copy }) => copy.packageId));
      const toRing: RingItem[] = [];
      const ended: JobEnd[] = [];
      for (const item of due) {
        if (readable.has(item.packageId) || item.stagedHere) {
          if (await markScheduled(tx, item.id)) toRing.push(item);
        } else {
          const error = new NoSource(item.packageName);
          log.warn({ item: item.id, job: item.jobId, package: item.packageName, code: error.code }, error.message);
          const end = await failUnclaimedItem(tx, item.id, {
            reason: "no_source",
            code: error.code,
            text: error.message,
          });
          if (end !== undefined) ended.push(end);
        }
      }
      return { toRing, ended, more: due.length > 0 };
    });
  }

  /** A result that cannot be stored keeps nobody from being rung: the database has it. */
  async function tellWaiting(end: JobEnd): Promise<void> {
    await settleWaitingJob(client.settle, end).catch((error: unknown) => {
      log.warn({ err: error, job: end.jobId }, "the job's result could not be stored for whoever waits for it");
    });
  }

  async function loop(): Promise<void> {
    const listening = await persistently(log, stopping.signal, () => listenForItems(db, () => wake.abort())).catch(
      (error: unknown) => {
        if (!stopping.signal.aborted) throw error;
      },
    );
    try {
      while (!stopping.signal.aborted) {
        wake = new AbortController();
        try {
          await tick();
          if (unsent || performance.now() >= nextSweep) {
            const { claimGrace: grace, reringAfter } = options;
            const report = await sweep({ ...options, grace, page: batch, reringAfter: unsent ? 0 : reringAfter });
            nextSweep = performance.now() + options.sweepInterval * 1000;
            unsent = false;
            for (const end of report.ended) await tellWaiting(end);
            rungAgain += report.rungAgain;
            if (report.abandoned > 0) continue;
          }
          lastError = undefined;
        } catch (error) {
          lastError = error instanceof Error ? error.message : String(error);
          log.warn({ err: error }, "look at the database or the queue failed; tried again");
        }
        lastTurn = performance.now();
        options.onTurn(lastError);
        const signal = AbortSignal.any([wake.signal, stopping.signal]);
        await pause(options.sleepTime * 1000, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await listening?.stop();
    }
  }

  return {
    tick,
    async start() {
      if (running !== undefined) throw new Error("this manager was started before");
      await broker.ping();
      running = loop();
      // A loop that ends with an error is seen by stop(), and by the liveness check, whose clock stands still.
      running.catch((error: unknown) => log.fatal({ err: error }, "manager's loop ended"));
    },
    async stop() {
      stopping.abort();
      await running;
    },
    facts: () => ({
      secondsSinceLastTurn: lastTurn === undefined ? undefined : (performance.now() - lastTurn) / 1000,
      connected: lastTurn !== undefined && lastError === undefined,
      lastError,
      rung,
      rungAgain,
    }),
  };
}
