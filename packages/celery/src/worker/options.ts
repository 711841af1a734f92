import type { Logger } from "pino";
import type { Address, Broker, QueueDeclaration } from "../broker/broker.ts";
import type { ResultStore } from "../results/results.ts";
import type { WorkerHooks } from "./hooks.ts";
import type { Pool, PoolFacts } from "./pool/pool.ts";
import type { QueueOrderStrategy } from "./queue-cycle.ts";
import type { Task, TaskOptions, TaskRequest } from "./task.ts";

export interface WorkerOptions extends TaskOptions {
  /** Connected by the caller before {@link Worker.start}, and closed by the caller after {@link Worker.stop}. */
  broker: Broker;
  /** Connected and closed by the caller, as the broker. */
  results: ResultStore;
  queues: readonly (string | QueueDeclaration)[];
  /** Looked up by name: an exact one first, then those with globs, in this order; then Celery's built-in tasks. */
  tasks: readonly Task[];
  /** Asked for the task of a request that none of `tasks` takes; undefined dead-letters the message. */
  fallback?: (request: TaskRequest) => Task | undefined;
  /** Tasks that run at once; 1 by default. Not looked at when `pool` is given. */
  concurrency?: number;
  /** Where tasks run; this process' event loop by default. Started and stopped by the worker. */
  pool?: Pool;
  /** Messages held for each slot, those that wait for their eta not counted (Celery's `worker_prefetch_multiplier`); 4 by default, 0: no limit. */
  prefetchMultiplier?: number;
  /** Celery's `queue_order_strategy`; `round_robin` by default. Priority comes before it. */
  queueOrderStrategy?: QueueOrderStrategy;
  /** Celery's `accept_content`; `["json"]` by default. */
  accept?: readonly string[];
  /** A redelivered task whose result is SUCCESS is not run again (Celery's `worker_deduplicate_successful_tasks`); false by default. */
  deduplicateSuccessfulTasks?: boolean;
  /** Name, arguments, worker, retries and queue are stored with results (Celery's `result_extended`); false by default. */
  resultExtended?: boolean;
  /** A message whose holders have died more often is put aside; 10 by default. */
  maxDeaths?: number;
  /** Who may control this worker through the broker: `full` (the default, as Celery), `inspect` (look only), `off`. */
  control?: "full" | "inspect" | "off";
  /** Whether task events are sent from the start (Celery's `-E`); false by default. Remote control may change it. */
  events?: boolean;
  /** Seconds between heartbeats; 2 by default, as Celery's; 0: no events about the worker itself. */
  heartbeatInterval?: number;
  /** Ask other workers for what is revoked, when starting; true by default, as Celery. Takes a second. */
  mingle?: boolean;
  /** Take part in elections among workers; true by default, as Celery. */
  gossip?: boolean;
  /** Where signatures go that name no queue; `celery` by default. */
  defaultQueue?: string;
  /** Tells where a task goes by its name; wins over `defaultQueue`. */
  route?: (taskName: string) => Address | undefined;
  /** A chord's body gets the results in the order of its members (Celery's `result_chord_ordered`); true by default. All workers must agree. */
  chordOrdered?: boolean;
  /** What a task sends has its priority, unless it says another (Celery's `task_inherit_parent_priority`); false by default. */
  inheritParentPriority?: boolean;
  /** Also what this worker's tasks send, and what follows them, is told as an event (Celery's `task_send_sent_event`); false by default. */
  sendSentEvents?: boolean;
  /** Node name; `celery@<host>-<pid>-<random>` by default. Unique among the workers of a broker. */
  name?: string;
  /** Silent by default. */
  log?: Logger;
  /** Time that running tasks get to end by themselves after {@link Worker.stop}, in ms; 30,000 by default. */
  shutdownGrace?: number;
  /** Time that tasks get to clean up after their signal was aborted, in ms; 5,000 by default. Then their messages go back anyway. */
  abortGrace?: number;
  /** Called when remote control asks for a shutdown, after it has begun; its end is up to the caller. */
  onShutdown?: () => void;
  hooks?: WorkerHooks;
}

export interface Worker {
  readonly name: string;
  /** Declares the queues and begins to consume. Rejects when the broker does not answer. A worker starts once. */
  start(): Promise<void>;
  /**
   * Warm shutdown. Stops consuming at once; running tasks get `grace` ms, then their `signal` is aborted with
   * WorkerShutdown and their messages go back to the head of the queue, in the order in which they were popped.
   * Resolves when all is settled. Called again it waits for the same end, and a shorter grace shortens it.
   */
  stop(options?: { grace?: number }): Promise<void>;
  /** The health record, as of now. */
  facts(): WorkerFacts;
}

export interface WorkerFacts {
  name: string;
  state: "new" | "running" | "draining" | "stopped";
  /** Seconds since the loop last turned, by the monotonic clock; undefined before the start. Never above some 6 in a sound worker. */
  secondsSinceLastPoll: number | undefined;
  /** Tasks that run now. */
  running: { id: string; name: string; queue: string; since: string; seconds: number; leaseLost: boolean }[];
  /** Messages held until their time. */
  scheduled: number;
  /** Messages that wait for a slot. */
  reserved: number;
  /** Leases we keep and have not lost. */
  leasesHeld: number;
  concurrency: number;
  queues: string[];
  /** Queues that remote control has cancelled: nobody here consumes them any more. */
  cancelledQueues: string[];
  /** How many messages ended how, since the start. */
  counts: Record<CountedState, number>;
  pool: PoolFacts;
  brokerConnected: boolean;
  consuming: boolean;
  draining: boolean;
}

export type CountedState =
  | "received"
  | "succeeded"
  | "failed"
  | "retried"
  | "ignored"
  | "revoked"
  | "rejected"
  | "requeued"
  | "deadLettered"
  | "duplicate"
  | "leaseLost";
