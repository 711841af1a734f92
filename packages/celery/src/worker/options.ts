import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { ResultStore } from "../results/results.ts";
import type { WorkerHooks } from "./hooks.ts";
import type { Task, TaskRequest } from "./task.ts";

export interface WorkerOptions {
  /** Connected by the caller before {@link Worker.start}, and closed by the caller after {@link Worker.stop}. */
  broker: Broker;
  /** Connected and closed by the caller, as the broker. */
  results: ResultStore;
  queues: string[];
  /** Looked up by name: an exact one first, then those with globs, in this order. */
  tasks: Task[];
  /** Asked for the task of a request that none of `tasks` takes; undefined dead-letters the message. */
  fallback?: (request: TaskRequest) => Task | undefined;
  /** Tasks that run at once, in this process; also the number of messages held that wait for their eta. 1 by default. */
  concurrency?: number;
  /** Node name; `celery@<host>-<pid>-<random>` by default. Unique among the workers of a broker. */
  name?: string;
  /** Silent by default. */
  log?: Logger;
  /** Time that running tasks get to end by themselves after {@link Worker.stop}, in ms; 30,000 by default. */
  shutdownGrace?: number;
  /** Time that tasks get to clean up after their signal was aborted, in ms; 5,000 by default. Then their messages go back anyway. */
  abortGrace?: number;
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
  /** Messages held until their eta. */
  scheduled: number;
  /** Leases we keep and have not lost. */
  leasesHeld: number;
  concurrency: number;
  queues: string[];
  /** How many messages ended how, since the start. */
  counts: Record<CountedState, number>;
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
  | "requeued"
  | "deadLettered"
  | "duplicate"
  | "leaseLost";
