import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { pino } from "pino";
import { createContinuation } from "../canvas/continuation.ts";
import { readSignature } from "../canvas/read-signature.ts";
import type { CanvasServices } from "../canvas/services.ts";
import { type OnSent, taskSender } from "../canvas/task-sender.ts";
import { createClient } from "../client/client.ts";
import { unacceptable } from "../message/serializers.ts";
import { builtinPool } from "./builtin-pool.ts";
import { Consumer } from "./consumer.ts";
import { createRemoteControl } from "./control/remote-control.ts";
import { drain } from "./drain.ts";
import { endMessages } from "./end-message.ts";
import { HeldMessages, identity } from "./held.ts";
import { type Emit, safeEmit, type WorkerEvents } from "./hooks.ts";
import { type LeaseKeeper, startLeaseKeeper } from "./lease-keeper.ts";
import type { CountedState, Worker, WorkerFacts, WorkerOptions } from "./options.ts";
import { inlinePool } from "./pool/inline.ts";
import { QueueCycle } from "./queue-cycle.ts";
import { RecentIds } from "./recent-ids.ts";
import { revokedTasks } from "./revoked-tasks.ts";
import { createRunner } from "./runner.ts";
import { persistence } from "./settle.ts";
import { Slots } from "./slots.ts";
import { type EffectiveOptions, TaskBook } from "./task-book.ts";
import { taskContext } from "./task-context.ts";
import { startUpkeep, type Upkeep } from "./upkeep.ts";
import { pause } from "./waiting.ts";
import { workerInside } from "./worker-inside.ts";

/**
 * A worker: takes messages from its queues under leases, runs their tasks in its pool, stores results, and only then
 * acknowledges.
 *
 * @throws TypeError for options that cannot work: no queue, a concurrency below 1, two tasks of one name, a serializer that is not known
 */
export function createWorker(options: WorkerOptions): Worker {
  const { broker, results, shutdownGrace = 30_000, abortGrace = 5_000, prefetchMultiplier = 4 } = options;
  if (options.queues.length === 0) throw new TypeError("a worker needs at least one queue");
  if (!Number.isInteger(prefetchMultiplier) || prefetchMultiplier < 0) {
    throw new TypeError("prefetchMultiplier is a whole number from 0 on");
  }
  const { accept = ["json"], maxDeaths = 10 } = options;
  const refusal = unacceptable(accept);
  if (refusal !== undefined) throw new TypeError(refusal);
  const pool = options.pool ?? inlinePool({ concurrency: options.concurrency ?? 1 });
  const name = options.name ?? `celery@${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const log = (options.log ?? pino({ level: "silent" })).child({ worker: name });
  const queues = new QueueCycle(options.queues, options.queueOrderStrategy);
  const onSent: OnSent = (address, envelope) => {
    if (options.sendSentEvents) remote.onSent(address, envelope);
  };
  const client = createClient({ ...options, onSent });
  const publish = taskSender(broker, onSent);
  const services: CanvasServices = {
    results,
    chordOrdered: options.chordOrdered ?? true,
    inheritParentPriority: options.inheritParentPriority ?? false,
    route: (taskName) => options.route?.(taskName) ?? options.defaultQueue ?? "celery",
    send: async (task) => void (await publish(task)),
    refused: (error) => log.error({ err: error }, "part of a canvas cannot be read; the rest of it is done"),
  };
  const builtin = builtinPool(pool, services, (request) => book.find(request));
  const book: TaskBook = new TaskBook(
    [...options.tasks, ...builtin.tasks],
    effectiveOptions(options),
    options.fallback,
  );

  const counts = Object.fromEntries(Object.values(countedBy).map((state) => [state, 0])) as Record<
    CountedState,
    number
  >;
  const tell = safeEmit(options.hooks ?? {}, log);
  const emit: Emit = (event, facts, request) => {
    const state = countedBy[event];
    if (state) counts[state]++;
    if (event === "task:succeeded") recent.add((facts as WorkerEvents["task:succeeded"]).id);
    tell(event, facts);
    remote.emit(event, facts, request);
  };

  const recent = new RecentIds(1_000);
  const held = new HeldMessages(broker.lease);
  const giveUp = new AbortController();
  const persist = persistence(held, log, giveUp.signal);
  const extended = options.resultExtended ?? false;
  const continuation = createContinuation(services);
  const end = endMessages({ broker, results, held, book, persist, continuation, worker: name, extended, emit, log });
  const contextParts = { results, client, persist, end, continuation, log };
  const runner = createRunner({
    broker,
    results,
    held,
    pool: builtin,
    book,
    persist,
    end,
    context: (message, work, signal) => taskContext(message, work, signal, contextParts),
    worker: name,
    deduplicate: options.deduplicateSuccessfulTasks ?? false,
    emit,
    log,
  });
  const revoked = revokedTasks();
  const slots: Slots = new Slots({
    broker,
    held,
    book,
    receiving: { find: (request) => book.find(request), accept, maxDeaths },
    revoked,
    runner,
    end,
    persist,
    concurrency: pool.concurrency,
    prefetchMultiplier,
    emit,
    wake: () => consumer.wake(),
    parked: (until) => upkeep?.expect(until),
  });
  const consumer: Consumer = new Consumer({ broker, queues, held, slots, emit, log });
  const inside = workerInside({
    ...{ name, broker, pool, builtin, book, held, slots, queues, consumer, recent, counts, options },
    announce: () => upkeep?.announce(),
    shutdown() {
      void stop();
      options.onShutdown?.();
    },
  });

  const remote = createRemoteControl({
    ...{ broker, inside, revoked, log },
    access: options.control ?? "full",
    taskEvents: options.events ?? false,
    heartbeatInterval: options.heartbeatInterval ?? 2,
    mingle: options.mingle ?? true,
    gossip: options.gossip ?? true,
    call: (signature) =>
      continuation.applied(
        { id: randomUUID(), rootId: undefined, priority: 0, headers: {} },
        readSignature(signature, "the action of an election"),
      ),
    count: (request) => emit("control:requested", request),
  });

  let state: WorkerFacts["state"] = "new";
  let connected = false;
  let loop: Promise<void> = Promise.resolve();
  let keeper: LeaseKeeper | undefined;
  let upkeep: Upkeep | undefined;
  let stopping: Promise<void> | undefined;
  const graceOver = new AbortController();

  async function start(): Promise<void> {
    if (state !== "new") throw new Error(`worker ${name} has been started before; make a new one`);
    state = "running";
    try {
      await pool.start();
      await broker.declare(queues.declarations);
      await broker.announce(name, queues.order, 30_000);
      // A worker answers remote control, and knows what is revoked, before it takes its first message.
      await remote.start();
    } catch (error) {
      state = "stopped";
      await pool.stop();
      throw error;
    }
    // Stopped meanwhile.
    if (state !== "running") return remote.stop();
    connected = true;
    broker.on("connected", reconnected);
    broker.on("disconnected", disconnected);
    broker.on("overflown", overflown);
    keeper = startLeaseKeeper(broker, held, log, (message, how) => {
      log.warn({ tag: message.delivery.tag, how }, "a lease is lost; its task goes on unless it decides otherwise");
      emit("lease:lost", { ...identity(message), how });
    });
    upkeep = startUpkeep(broker, name, queues, log);
    loop = consumer.run();
    log.info({ queues: queues.order, concurrency: pool.concurrency, lease: broker.lease }, "consuming");
  }

  function reconnected(): void {
    connected = true;
    emit("broker:connected", {});
    if (state !== "running") return;
    log.info("the broker is connected");
    consumer.wake();
    remote.reconnected();
    void upkeep?.announce();
  }

  function disconnected(error: Error | undefined): void {
    connected = false;
    emit("broker:disconnected", { error });
    if (state === "running" || state === "draining")
      log.warn({ err: error }, "the broker is disconnected; tasks go on");
  }

  function overflown(place: string): void {
    log.error({ place }, "more came than is kept: the oldest are dropped");
  }

  function stop({ grace = shutdownGrace }: { grace?: number } = {}): Promise<void> {
    if (state === "new") state = "stopped";
    if (state === "stopped") return stopping ?? Promise.resolve();
    if (Number.isFinite(grace)) void pause(grace, graceOver.signal).then(() => graceOver.abort());
    stopping ??= shutDown();
    return stopping;
  }

  async function shutDown(): Promise<void> {
    state = "draining";
    await drain({
      ...{ name, broker, held, consumer, slots, end, log, abortGrace, giveUp },
      loop,
      graceOver: graceOver.signal,
      kill: (taskId) => void pool.terminate(taskId, "KILL"),
      stopUpkeep: () => upkeep?.stop(),
      stopRemote: () => remote.stop(),
    });
    keeper?.stop();
    await pool.stop();
    graceOver.abort();
    state = "stopped";
    log.info({ counts }, "stopped");
  }

  return {
    name,
    start,
    stop,
    facts: () => ({
      name,
      state,
      secondsSinceLastPoll: consumer.secondsSinceTurn,
      running: [...held].flatMap((message) => {
        const since = message.runningSince;
        if (!since) return [];
        const seconds = (Date.now() - since.getTime()) / 1000;
        return [{ ...identity(message), since: since.toISOString(), seconds, leaseLost: message.lost }];
      }),
      scheduled: slots.scheduled,
      reserved: slots.reserved,
      leasesHeld: [...held].filter((message) => !held.isLost(message)).length,
      concurrency: pool.concurrency,
      queues: [...queues.order],
      cancelledQueues: queues.removed,
      counts: { ...counts },
      pool: pool.facts(),
      brokerConnected: connected,
      consuming: state === "running" && consumer.looping,
      draining: state === "draining",
    }),
  };
}

function effectiveOptions(options: WorkerOptions): EffectiveOptions {
  const { rateLimit, timeLimit, softTimeLimit, acksLate = true, acksOnFailureOrTimeout = true } = options;
  const { rejectOnWorkerLost = false, ignoreResult = false, storeErrorsEvenIfIgnored = false } = options;
  const { trackStarted = false } = options;
  return {
    ...{ rateLimit, timeLimit, softTimeLimit, acksLate, acksOnFailureOrTimeout },
    ...{ rejectOnWorkerLost, ignoreResult, storeErrorsEvenIfIgnored, trackStarted },
  };
}

const countedBy: { [E in keyof WorkerEvents]?: CountedState } = {
  "task:received": "received",
  "task:succeeded": "succeeded",
  "task:failed": "failed",
  "task:retried": "retried",
  "task:ignored": "ignored",
  "task:revoked": "revoked",
  "task:rejected": "rejected",
  "task:requeued": "requeued",
  "task:dead-lettered": "deadLettered",
  "task:duplicate": "duplicate",
  "lease:lost": "leaseLost",
};
