import type { Broker } from "../broker/broker.ts";
import type { Consumer } from "./consumer.ts";
import { type HeldMessages, requestView } from "./held.ts";
import type { WorkerInside } from "./inside.ts";
import type { CountedState, WorkerOptions } from "./options.ts";
import type { Pool } from "./pool/pool.ts";
import type { QueueCycle } from "./queue-cycle.ts";
import type { RecentIds } from "./recent-ids.ts";
import type { Slots } from "./slots.ts";
import type { TaskBook } from "./task-book.ts";

export interface InsideParts {
  name: string;
  broker: Broker;
  pool: Pool;
  builtin: Pick<Pool, "terminate">;
  book: TaskBook;
  held: HeldMessages;
  slots: Slots;
  queues: QueueCycle;
  consumer: Consumer;
  /** Tasks that have succeeded lately. */
  recent: RecentIds;
  counts: Readonly<Record<CountedState, number>>;
  options: WorkerOptions;
  /** Tells the broker which queues are consumed. */
  announce(): Promise<void> | undefined;
  shutdown(): void;
}

/** What remote control and events see of a worker and may do to it. */
export function workerInside(parts: InsideParts): WorkerInside {
  const { name, broker, pool, book, held, slots, queues, consumer, counts, options } = parts;
  const startedAt = performance.now();

  return {
    name,
    requests: () => [...held].flatMap((message) => (message.work ? [requestView(message, message.work)] : [])),
    tasks: () => book.list(),
    queues: () => queues.declarations,
    totals: () => ({ ...book.totals }),
    load: () => ({
      processed: counts.succeeded + counts.failed + counts.retried + counts.ignored + counts.revoked,
      active: slots.active,
    }),
    uptime: () => (performance.now() - startedAt) / 1000,
    prefetchCount: () => slots.prefetch,
    pool: () => pool.facts(),
    broker: () => broker.describe(),
    configuration: () => configuration(options, slots),
    isDone: (taskId) => parts.recent.has(taskId),

    revoke(taskIds, terminateWith) {
      const wanted = new Set(taskIds);
      const known = [...held].flatMap(({ work }) => (work && wanted.has(work.request.id) ? [work.request.id] : []));
      const running = slots.revoke(({ work }) => work !== undefined && wanted.has(work.request.id));
      if (terminateWith !== undefined) {
        for (const { work } of running) parts.builtin.terminate(work!.request.id, terminateWith);
      }
      return known;
    },
    setRateLimit: (task, limit) => book.setRateLimit(task, limit),
    setTimeLimits: (task, limits) => book.setTimeLimits(task, limits),
    resizePool(concurrency) {
      pool.resize(concurrency);
      slots.resize(concurrency);
    },
    async addConsumer(queue) {
      await broker.declare([queue]);
      queues.add(queue);
      consumer.wake();
      await parts.announce();
    },
    async cancelConsumer(queue) {
      if (!queues.remove(queue)) return false;
      consumer.wake();
      await broker.undeclare([queue]);
      await parts.announce();
      return true;
    },
    shutdown: parts.shutdown,
  };
}

/** Under Celery's names. */
function configuration(options: WorkerOptions, slots: Slots): Record<string, unknown> {
  return {
    accept_content: options.accept ?? ["json"],
    result_extended: options.resultExtended ?? false,
    task_acks_late: options.acksLate ?? true,
    task_acks_on_failure_or_timeout: options.acksOnFailureOrTimeout ?? true,
    task_default_queue: options.defaultQueue ?? "celery",
    task_default_rate_limit: options.rateLimit ?? null,
    task_ignore_result: options.ignoreResult ?? false,
    task_reject_on_worker_lost: options.rejectOnWorkerLost ?? false,
    task_soft_time_limit: options.softTimeLimit ?? null,
    task_store_errors_even_if_ignored: options.storeErrorsEvenIfIgnored ?? false,
    task_time_limit: options.timeLimit ?? null,
    task_track_started: options.trackStarted ?? false,
    worker_concurrency: slots.concurrency,
    worker_deduplicate_successful_tasks: options.deduplicateSuccessfulTasks ?? false,
    worker_prefetch_multiplier: options.prefetchMultiplier ?? 4,
    worker_send_task_events: options.events ?? false,
  };
}
