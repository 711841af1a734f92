import type { BrokerDescription, QueueDeclaration } from "../broker/broker.ts";
import type { PoolFacts } from "./pool/pool.ts";
import type { TaskOptions, TaskRequest } from "./task.ts";

/**
 * What remote control and events see of a worker, and what they may do to it. The worker implements it; tests of
 * control implement it with plain data.
 */
export interface WorkerInside {
  /** Node name, `celery@host`. */
  readonly name: string;
  /** Everything that is held: reserved, scheduled or active. */
  requests(): RequestView[];
  /** Names and options of all tasks, built-in ones too. */
  tasks(): (TaskOptions & { name: string })[];
  queues(): QueueDeclaration[];
  /** How many tasks of each name were received since the start. */
  totals(): Record<string, number>;
  /** Tasks that have ended since the start, and those that run. */
  load(): { processed: number; active: number };
  /** Seconds since the start. */
  uptime(): number;
  prefetchCount(): number;
  pool(): PoolFacts;
  broker(): BrokerDescription;
  /** Settings under Celery's names, without secrets. */
  configuration(): Record<string, unknown>;
  /** Messages that ended well lately, by task id: `query_task` calls them `ready`. */
  isDone(taskId: string): boolean;

  /** Drops what is reserved or scheduled of these tasks as revoked; with a signal also ends what runs. Answers those it knew. */
  revoke(taskIds: readonly string[], terminateWith: string | undefined): string[];
  /** Undefined, or why not. `0` and an empty text take the limit away. */
  setRateLimit(taskName: string, limit: string): undefined | "unknown task";
  setTimeLimits(
    taskName: string,
    limits: { soft: number | undefined; hard: number | undefined },
  ): undefined | "unknown task";
  resizePool(concurrency: number): void;
  addConsumer(queue: QueueDeclaration): Promise<void>;
  /** False when it was not consumed. */
  cancelConsumer(queue: string): Promise<boolean>;
  /** Begins a warm shutdown. */
  shutdown(): void;
}

/** One held task, as `inspect` shows it. */
export interface RequestView {
  request: TaskRequest;
  state: "reserved" | "scheduled" | "active";
  argsrepr: string;
  kwargsrepr: string;
  acknowledged: boolean;
  deliveryInfo: { exchange: string; routingKey: string; priority: number | null; redelivered: boolean };
  /** When it began to run, undefined before. */
  startedAt: Date | undefined;
  /** Pid of the process it runs in. */
  pid: number | undefined;
}
