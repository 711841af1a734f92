import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { pino } from "pino";
import { createClient } from "../client/client.ts";
import { Consumer } from "./consumer.ts";
import { type Held, HeldMessages, identity, interrupt } from "./held.ts";
import { type Emit, safeEmit, type WorkerEvents } from "./hooks.ts";
import { type LeaseKeeper, startLeaseKeeper } from "./lease-keeper.ts";
import type { CountedState, Worker, WorkerFacts, WorkerOptions } from "./options.ts";
import { createRunner } from "./runner.ts";
import { persistence } from "./settle.ts";
import { taskLookup } from "./task-names.ts";
import { startUpkeep, type Upkeep } from "./upkeep.ts";
import { pause, within } from "./waiting.ts";

/**
 * A worker: takes messages from its queues under leases, runs their tasks in this process, stores results, and only then
 * acknowledges.
 *
 * @throws TypeError for options that cannot work: no queue, a concurrency below 1, two tasks of one name
 */
export function createWorker(options: WorkerOptions): Worker {
  const { broker, results, queues, concurrency = 1, shutdownGrace = 30_000, abortGrace = 5_000 } = options;
  if (queues.length === 0) throw new TypeError("a worker needs at least one queue");
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError("concurrency is a whole number from 1 on");
  const name = options.name ?? `celery@${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const log = (options.log ?? pino({ level: "silent" })).child({ worker: name });

  const counts = Object.fromEntries(Object.values(countedBy).map((state) => [state, 0])) as Record<
    CountedState,
    number
  >;
  const tell = safeEmit(options.hooks ?? {}, log);
  const emit: Emit = (event, facts) => {
    const state = countedBy[event];
    if (state) counts[state]++;
    tell(event, facts);
  };

  const held = new HeldMessages(broker.lease);
  const giveUp = new AbortController();
  const runner = createRunner({
    broker,
    results,
    held,
    persist: persistence(held, log, giveUp.signal),
    find: taskLookup(options.tasks, options.fallback),
    client: createClient({ broker, results }),
    worker: name,
    emit,
    log,
  });
  const consumer = new Consumer({ broker, queues, concurrency, held, runner, emit, log });

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
      await broker.declare(queues);
      await broker.announce(name, queues, 30_000);
    } catch (error) {
      state = "stopped";
      throw error;
    }
    if (state !== "running") return;
    connected = true;
    broker.on("connected", reconnected);
    broker.on("disconnected", disconnected);
    keeper = startLeaseKeeper(broker, held, log, (message, how) => {
      log.warn({ tag: message.delivery.tag, how }, "a lease is lost; its task goes on unless it decides otherwise");
      emit("lease:lost", { ...identity(message), how });
    });
    upkeep = startUpkeep(broker, name, queues, log);
    loop = consumer.run();
    log.info({ queues, concurrency, lease: broker.lease }, "consuming");
  }

  function reconnected(): void {
    connected = true;
    emit("broker:connected", {});
    if (state !== "running") return;
    log.info("the broker is connected");
    consumer.wake();
    void upkeep?.announce();
  }

  function disconnected(error: Error | undefined): void {
    connected = false;
    emit("broker:disconnected", { error });
    if (state === "running" || state === "draining")
      log.warn({ err: error }, "the broker is disconnected; tasks go on");
  }

  function stop({ grace = shutdownGrace }: { grace?: number } = {}): Promise<void> {
    if (state === "new") state = "stopped";
    if (state === "stopped") return stopping ?? Promise.resolve();
    void pause(grace, graceOver.signal).then(() => graceOver.abort());
    stopping ??= drain();
    return stopping;
  }

  async function drain(): Promise<void> {
    state = "draining";
    log.info({ running: running().length }, "stopping: no new messages; running tasks may end");
    consumer.stop();
    upkeep?.stop();
    // A pop under way may still bring a message: it must be in our hands before we give anything back.
    await within(broker.lease, loop);
    await withdraw();
    consumer.clearShelf();
    await giveBack([...held].filter((message) => message.runningSince === undefined));

    const idle = consumer.idle();
    await Promise.race([idle, aborted(graceOver.signal)]);
    for (const message of held) interrupt(message);
    await within(abortGrace, idle);

    for (const message of running()) {
      message.abandoned = true;
      log.warn(
        { ...identity(message) },
        "a task did not end although its signal was aborted; its message goes back anyway",
      );
    }
    giveUp.abort();
    await giveBack([...held]);
    keeper?.stop();
    graceOver.abort();
    state = "stopped";
    log.info({ counts }, "stopped");
  }

  async function withdraw(): Promise<void> {
    // Our presence runs out by itself: not worth waiting for a broker that does not answer.
    await within(5_000, broker.withdraw(name));
  }

  /** Newest first, so that the one popped first ends up at the head of its queue. Bounded by the lease. */
  async function giveBack(messages: Held[]): Promise<void> {
    const newestFirst = messages.sort((a, b) => b.order - a.order);
    const patient = persistence(held, log, new AbortController().signal);
    const all = async () => {
      for (const message of newestFirst) await runner.giveBack(message, patient);
    };
    await within(broker.lease, all());
  }

  function running(): Held[] {
    return [...held].filter((message) => message.runningSince !== undefined);
  }

  return {
    name,
    start,
    stop,
    facts: () => ({
      name,
      state,
      secondsSinceLastPoll: consumer.secondsSinceTurn,
      running: running().map((message) => ({
        ...identity(message),
        since: message.runningSince!.toISOString(),
        seconds: (Date.now() - message.runningSince!.getTime()) / 1000,
        leaseLost: message.lost,
      })),
      scheduled: consumer.scheduled,
      leasesHeld: [...held].filter((message) => !held.isLost(message)).length,
      concurrency,
      queues: [...queues],
      counts: { ...counts },
      brokerConnected: connected,
      consuming: state === "running" && consumer.looping,
      draining: state === "draining",
    }),
  };
}

const countedBy: { [E in keyof WorkerEvents]?: CountedState } = {
  "task:received": "received",
  "task:succeeded": "succeeded",
  "task:failed": "failed",
  "task:retried": "retried",
  "task:ignored": "ignored",
  "task:requeued": "requeued",
  "task:dead-lettered": "deadLettered",
  "task:duplicate": "duplicate",
  "lease:lost": "leaseLost",
};

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
