import type { Logger } from "pino";
import type { Broker, Delivery } from "../broker/broker.ts";
import { EtaShelf } from "./eta-shelf.ts";
import { type Held, type HeldMessages, identity, monotonic, regainLease } from "./held.ts";
import type { Emit } from "./hooks.ts";
import type { Runner } from "./runner.ts";
import { Backoff, pause } from "./waiting.ts";

export interface ConsumerOptions {
  broker: Broker;
  queues: readonly string[];
  concurrency: number;
  held: HeldMessages;
  runner: Runner;
  emit: Emit;
  log: Logger;
}

/** The longest that a sound loop takes for one turn, in ms, whatever its tasks do. */
const longestTurn = 5_000;

/**
 * The one loop that takes messages: wait without taking, pop while a slot is free, hand to the runner.
 *
 * A message is popped only when it can run at once or be kept on the shelf for etas, so that at most twice
 * `concurrency` messages are held. What the broker throws makes the loop back off and go on.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #shelf: EtaShelf;
  readonly #busy = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  /** Round robin, as kombu has it: the queue that gave a message goes to the end. Priority still comes first. */
  #cycle: string[];
  #looping = false;
  #turnedAt: number | undefined;
  /** Ends the present sleep of the loop early. */
  #alarm = new AbortController();
  /** Ids of messages sent back because the shelf was full, since the last rest. */
  #sentBack = new Set<string>();

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#shelf = new EtaShelf(options.concurrency);
    this.#cycle = [...options.queues];
  }

  /** Consumes until {@link stop}. */
  async run(): Promise<void> {
    if (this.#looping) throw new Error("the loop of a consumer cannot run twice at once");
    this.#looping = true;
    try {
      while (!this.#stop.signal.aborted) await this.#turn();
    } finally {
      this.#looping = false;
    }
  }

  /** No message is popped after this; one that is just being popped is held when {@link run} ends. */
  stop(): void {
    this.#stop.abort();
    this.wake();
  }

  /** Ends a back-off early, because the broker is there again. */
  wake(): void {
    this.#alarm.abort();
  }

  get looping(): boolean {
    return this.#looping;
  }

  /** Messages on the shelf for etas. */
  get scheduled(): number {
    return this.#shelf.size;
  }

  /** Seconds since the loop last turned, by the monotonic clock. */
  get secondsSinceTurn(): number | undefined {
    return this.#turnedAt === undefined ? undefined : (monotonic() - this.#turnedAt) / 1000;
  }

  /** Takes out what waits for its eta, so that it can be given back. */
  clearShelf(): Held[] {
    return this.#shelf.clear();
  }

  /** Resolves when no task runs any more. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }

  async #turn(): Promise<void> {
    const { broker, concurrency, emit, log } = this.#options;
    this.#turnedAt = monotonic();
    try {
      if (this.#busy.size >= concurrency) return await this.#sleep(longestTurn);
      const due = this.#shelf.takeDue();
      if (due) return this.#start(due);

      const askedAt = monotonic();
      const delivery = await broker.pop(this.#cycle);
      this.#backoff.reset();
      emit("poll", { found: delivery !== undefined });
      if (delivery) return await this.#take(delivery, askedAt);
      if (this.#stop.signal.aborted) return;
      await broker.wait(this.#cycle, Math.min(longestTurn, Math.max(1, this.#shelf.msUntilDue())), this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      log.warn({ err: error }, "the broker could not be asked for messages; trying again");
      this.#alarm = new AbortController();
      await this.#backoff.wait(this.#alarm.signal);
    }
  }

  async #take(delivery: Delivery, askedAt: number): Promise<void> {
    const { held: all, runner, log } = this.#options;
    this.#cycle = [...this.#cycle.filter((queue) => queue !== delivery.queue), delivery.queue];

    const known = all.get(delivery.tag);
    if (known && !known.leaving) {
      // We lost the lease while cut off, and found the very same message again: its task still runs here.
      regainLease(known, askedAt);
      log.warn(
        { tag: delivery.tag, queue: delivery.queue },
        "popped a message whose task already runs here; it goes on",
      );
      return;
    }

    const held = all.add(delivery, askedAt);
    if (this.#stop.signal.aborted) return;
    runner.receive(held);
    const eta = held.work?.eta;
    if (eta === undefined || eta.getTime() <= Date.now() || runner.isExpired(held)) {
      this.#tellReceived(held);
      return this.#start(held);
    }
    const tooMany = this.#shelf.put(held, eta);
    if (tooMany !== held) this.#tellReceived(held);
    if (tooMany) await this.#sendBack(tooMany);
  }

  #tellReceived(held: Held): void {
    if (held.work) this.#options.emit("task:received", { ...identity(held), redelivered: held.delivery.redelivered });
  }

  #start(held: Held): void {
    const run = this.#options.runner.run(held).finally(() => {
      this.#busy.delete(run);
      this.wake();
    });
    this.#busy.add(run);
  }

  /**
   * The shelf is full: back to the tail of its queue, where it lets others pass. A queue of nothing but etas would make
   * us turn it round and round, hence a rest when we meet the same message again, or after 64.
   */
  async #sendBack(held: Held): Promise<void> {
    await this.#options.runner.sendToTail(held);
    const id = held.work?.request.id ?? held.delivery.tag;
    if (!this.#sentBack.has(id) && this.#sentBack.size < 64) {
      this.#sentBack.add(id);
      return;
    }
    this.#sentBack.clear();
    await pause(250, this.#stop.signal);
  }

  /** Sleeps until a task ends or somebody calls {@link wake}. */
  async #sleep(ms: number): Promise<void> {
    this.#alarm = new AbortController();
    await pause(ms, this.#alarm.signal);
  }
}
