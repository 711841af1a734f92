import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  type Broker,
  type Client,
  createClient,
  createWorker,
  MemoryBrokerHub,
  memoryBroker,
  memoryResults,
  type ResultStore,
  type Task,
  type TaskContext,
  type Worker,
  type WorkerOptions,
} from "../../src/index.ts";
import { type Recorded, recordEvents } from "./recorded-events.ts";

export const queue = "deep_sky";

export interface BrokerContent {
  waiting?: number;
  unacked?: number;
  deadLetters?: string[];
}

export interface World {
  broker: Broker;
  results: ResultStore;
  client: Client;
  /** Starts a worker on {@link queue}; it is stopped, if it still runs, when the test ends. */
  work(tasks: Task[], options?: Partial<WorkerOptions>): Promise<Worker & { events: Recorded }>;
  send(name: string, ...args: unknown[]): Promise<string>;
  /** The stored state once it is a ready one. */
  ended(id: string): Promise<{ status: string; result: unknown }>;
  /** What lies in the broker now, all of it. */
  expectBroker(expected: BrokerContent): Promise<void>;
  /** The same, within 30 s. */
  expectBrokerSoon(expected: BrokerContent): Promise<void>;
}

/** A broker and a result store in memory, unless others are given; gone when the test ends. */
export async function startWorld(
  t: TestContext,
  parts: { broker?: Broker; results?: ResultStore } = {},
): Promise<World> {
  const broker = parts.broker ?? memoryBroker({ hub: new MemoryBrokerHub() });
  const results = parts.results ?? memoryResults();
  await broker.connect();
  await results.connect();
  const workers: Worker[] = [];
  t.after(async () => {
    await Promise.all(workers.map((worker) => worker.stop({ grace: 0 })));
    await broker.close();
    await results.close();
  });
  const client = createClient({ broker, results });

  const world: World = {
    broker,
    results,
    client,
    async work(tasks, options = {}) {
      const events = recordEvents(options.hooks);
      const worker = createWorker({
        broker,
        results,
        queues: [queue],
        tasks,
        prefetchMultiplier: 1,
        trackStarted: true,
        mingle: false,
        gossip: false,
        heartbeatInterval: 0,
        abortGrace: 1_000,
        ...options,
        hooks: events.hooks,
      });
      workers.push(worker);
      await worker.start();
      return Object.assign(worker, { events });
    },
    send: (name, ...args) => client.send(queue, name, { args }),
    async ended(id) {
      const { status, result } = await results.waitFor(id, AbortSignal.timeout(30_000));
      return { status, result: plain(result) };
    },
    async expectBrokerSoon(expected) {
      const deadline = Date.now() + 30_000;
      for (;;) {
        try {
          return await world.expectBroker(expected);
        } catch (error) {
          if (Date.now() > deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    },
    async expectBroker({ waiting = 0, unacked = 0, deadLetters = [] }) {
      const state = await broker.inspect(queue);
      const reasons = (await broker.deadLetters()).map(({ reason }) => reason);
      assert.deepEqual(
        { waiting: state.waiting, unacked: state.unacked.count, deadLetters: reasons },
        { waiting, unacked, deadLetters },
      );
    },
  };
  return world;
}

/** What comes out of JSON has no prototype here, which strict comparisons would notice. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** The promise, which must not stay open for more than 30 s. */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("it did not happen within 30 s")), 30_000);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/** A task that begins, and ends when the test says so. */
export interface Gate {
  task: Task;
  /** The ids of those that have begun, in order. */
  begun: string[];
  /** Resolves when so many have begun. */
  untilBegun(count: number): Promise<void>;
  /** Lets all end that have begun, and all that will. */
  open(value?: unknown): void;
}

/** @param onAbort  what the task does when its signal aborts; it throws the signal's reason by default */
export function gate(name: string, onAbort?: (context: TaskContext) => unknown): Gate {
  const begun: string[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const opened = Promise.withResolvers<unknown>();
  return {
    begun,
    task: {
      name,
      async run(context) {
        begun.push(context.request.id);
        for (const waiter of waiters) if (begun.length >= waiter.count) waiter.resolve();
        const aborted = Promise.withResolvers<unknown>();
        context.signal.addEventListener("abort", () => {
          const { reason } = context.signal;
          aborted.resolve(onAbort ? Promise.try(onAbort, context) : Promise.reject(reason));
        });
        return Promise.race([opened.promise, aborted.promise]);
      },
    },
    async untilBegun(count) {
      if (begun.length >= count) return;
      const waiter = Promise.withResolvers<void>();
      waiters.push({ count, resolve: waiter.resolve });
      await soon(waiter.promise);
    },
    open: (value) => opened.resolve(value ?? "done"),
  };
}
