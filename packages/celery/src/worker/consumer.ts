import type { Logger } from "pino";
import type { Broker, Delivery } from "../broker/broker.ts";
import { type HeldMessages, monotonic } from "./held.ts";
import type { Emit } from "./hooks.ts";
import type { QueueCycle } from "./queue-cycle.ts";
import type { Slots } from "./slots.ts";
import { Backoff, pause } from "./waiting.ts";

export interface ConsumerOptions {
  broker: Broker;
  queues: QueueCycle;
  held: HeldMessages;
  slots: Pick<Slots, "room" | "accept" | "msUntilDue" | "startDue">;
  emit: Emit;
  log: Logger;
}

const woken = "woken";

/** The longest that a sound loop takes for one turn, in ms, whatever its tasks do. */
const longestTurn = 5_000;

/** More than this is not asked for at once, so that no call holds up Redis for long. */
const largestBatch = 50;

/**
 * The one loop that takes messages: wait without taking, pop as many as there is room for, hand them on.
 *
 * What the broker throws makes it back off and go on.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  #looping = false;
  #turnedAt: number | undefined;
  /** Ends the present rest of the loop. */
  #alarm = new AbortController();

  constructor(options: ConsumerOptions) {
    this.#options = options;
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

  /** Ends a rest early: there is room again, the broker is there again, or the queues have changed. */
  wake(): void {
    // A reason of our own: the one that abort() would make costs more than all the rest.
    if (!this.#alarm.signal.aborted) this.#alarm.abort(woken);
  }

  get looping(): boolean {
    return this.#looping;
  }

  /** Seconds since the loop last turned, by the monotonic clock. */
  get secondsSinceTurn(): number | undefined {
    return this.#turnedAt === undefined ? undefined : (monotonic() - this.#turnedAt) / 1000;
  }

  async #turn(): Promise<void> {
    const { broker, queues, slots, emit, log } = this.#options;
    this.#turnedAt = monotonic();
    if (this.#alarm.signal.aborted) this.#alarm = new AbortController();
    try {
      slots.startDue();
      const max = Math.min(slots.room, largestBatch);
      if (max < 1 || queues.size === 0) return await this.#rest(Math.min(longestTurn, slots.msUntilDue()));

      const askedAt = monotonic();
      const deliveries = await broker.pop(queues.order, { max, rotate: queues.rotates });
      this.#backoff.reset();
      emit("poll", { found: deliveries.length > 0 });
      if (deliveries.length > 0) {
        for (const delivery of deliveries) this.#take(delivery, askedAt);
        return;
      }
      if (this.#stop.signal.aborted) return;
      await broker.wait(queues.order, Math.min(longestTurn, Math.max(1, slots.msUntilDue())), this.#alarm.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      log.warn({ err: error }, "the broker could not be asked for messages; trying again");
      await this.#backoff.wait(this.#alarm.signal);
    }
  }

  #take(delivery: Delivery, askedAt: number): void {
    const { held: all, queues, slots, log } = this.#options;
    queues.gave(delivery.queue);
    const known = all.again(delivery);
    if (known && !known.leaving) {
      // We lost the lease while cut off, and found the very same message again: its task still runs here.
      all.regain(known, delivery, askedAt);
      log.warn(
        { tag: delivery.tag, queue: delivery.queue },
        "popped a message whose task already runs here; it goes on",
      );
      return;
    }
    const held = all.add(delivery, askedAt);
    if (!this.#stop.signal.aborted) slots.accept(held);
  }

  /** Rests until somebody calls {@link wake}. */
  async #rest(ms: number): Promise<void> {
    await pause(Math.max(1, ms), this.#alarm.signal);
  }
}
