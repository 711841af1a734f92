import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { ResultStore, TaskMeta } from "../results/results.ts";
import type { EndMessage } from "./end-message.ts";
import { type Held, type HeldMessages, identity, logged, monotonic, requestView, type Work } from "./held.ts";
import type { Emit } from "./hooks.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { Pool } from "./pool/pool.ts";
import type { Persistence } from "./settle.ts";
import type { TaskContext } from "./task.ts";
import type { TaskBook } from "./task-book.ts";

export interface RunnerOptions {
  broker: Broker;
  results: ResultStore;
  held: HeldMessages;
  pool: Pick<Pool, "run">;
  book: TaskBook;
  persist: Persistence;
  end: EndMessage;
  context(held: Held, work: Work, signal: AbortSignal): TaskContext;
  /** Node name of the worker, told with STARTED. */
  worker: string;
  /** Celery's `worker_deduplicate_successful_tasks`. */
  deduplicate: boolean;
  emit: Emit;
  log: Logger;
}

export interface Runner {
  /**
   * Runs the task and settles the message. Never rejects.
   *
   * @param freed  called when the task has ended, before its message is settled: another one may run
   */
  run(held: Held, freed: () => void): Promise<void>;
}

export function createRunner(options: RunnerOptions): Runner {
  const { broker, results, held: all, pool, book, persist, end, context, worker, deduplicate, emit, log } = options;

  async function run(held: Held, freed: () => void): Promise<void> {
    const startedAt = monotonic();
    let isFree = false;
    const free = () => {
      if (!isFree) freed();
      isFree = true;
    };
    try {
      // ---- from here the message is ours: every path below must end in acknowledge, requeue or dead-letter ----
      const outcome = await perform(held);
      const seconds = (monotonic() - startedAt) / 1000;
      if (outcome.kind !== "requeued") free();
      await end.as(held, outcome, seconds);
      // ---- here it is settled, or left to the giving back at shutdown, or not ours any more ----
    } catch (error) {
      // No path is known to lead here. The lease is not renewed any more, so the message comes back to somebody.
      log.error({ err: error, ...logged(held) }, "a message could not be settled; it will come back");
      all.remove(held);
    } finally {
      free();
    }
  }

  async function perform(held: Held): Promise<Outcome> {
    const { work, refusal } = held;
    // Also when it ended while this process was stalled between the pop and here.
    if (all.isLost(held)) return { kind: "left" };
    if (!work) return { kind: "refused", refusal: refusal! };
    if (held.revoked) return { kind: "revoked", expired: false, terminated: false, signal: undefined };
    if (isExpired(work)) return { kind: "revoked", expired: true, terminated: false, signal: undefined };

    const settings = book.optionsOf(work.task);
    if (deduplicate && settings.acksLate && work.request.redelivered) {
      const before = await earlierSuccess(held, work);
      if (before) return { kind: "done-before", value: before.result };
    }
    if (!settings.acksLate) {
      const settlement = await persist.settle(held, () => broker.acknowledge(held.delivery.tag));
      if (settlement !== "DONE") return { kind: "left" };
      held.acknowledged = true;
    }

    const [hard, soft] = work.decoded.timeLimits;
    const jobEnd = await pool.run({
      task: work.task,
      request: work.request,
      limits: { hard: hard ?? settings.timeLimit, soft: soft ?? settings.softTimeLimit },
      get stop() {
        return held.stop.signal;
      },
      context: (signal) => context(held, work, signal),
      started: (pid) => started(held, work, pid, settings.trackStarted),
    });
    return held.abandoned ? { kind: "left" } : outcomeOf(jobEnd, held, work);
  }

  function started(held: Held, work: Work, pid: number, track: boolean): void {
    held.runningSince = new Date();
    held.pid = pid;
    if (track && !end.isSilent(work)) {
      // What follows on the same store comes after it; progress itself is not worth a task.
      results
        .store(end.meta(work, "STARTED", { pid, hostname: worker }))
        .catch((error) => log.warn({ err: error, ...logged(held) }, "STARTED could not be stored"));
    }
    emit("task:started", identity(held), () => requestView(held, work));
  }

  async function earlierSuccess(held: Held, work: Work): Promise<TaskMeta | undefined> {
    let found: TaskMeta | undefined;
    await persist.insist(held, "looking for an earlier result", async () => {
      found = await results.get(work.request.id);
    });
    return found?.status === "SUCCESS" ? found : undefined;
  }

  return { run };
}

/** Whether it is too late for it. */
export function isExpired({ request }: Work): boolean {
  return request.expires !== undefined && request.expires.getTime() <= Date.now();
}
