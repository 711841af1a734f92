import { randomUUID } from "node:crypto";
import { writeEnvelope } from "../message/envelope-text.ts";
import type { MessageLimits } from "../message/inert-json.ts";
import type { Delivery } from "./broker.ts";
import { markGivenBack, readDelivery } from "./delivery.ts";

interface FanoutQueue {
  texts: string[];
  listen: () => Promise<() => void | Promise<void>>;
  listening: ReturnType<FanoutQueue["listen"]> | undefined;
}

/** Messages that one fanout queue keeps for its consumer at most. */
const room = 10_000;

/**
 * What came to the fanout queues of one broker. It lies in this process alone, as what pub/sub brings does: when there is
 * too much the oldest goes, and when the process ends all of it.
 */
export class FanoutInbox {
  readonly #limits: MessageLimits;
  readonly #overflown: (queue: string) => void;
  readonly #queues = new Map<string, FanoutQueue>();
  readonly #taken = new Map<string, Delivery>();
  #parked: { queue: string; raw: string; until: number }[] = [];
  readonly #listeners = new Set<(queue: string) => void>();

  /** @param overflown  called with the queue of each message that had to go */
  constructor(limits: MessageLimits, overflown: (queue: string) => void) {
    this.#limits = limits;
    this.#overflown = overflown;
  }

  /** @param listen  begins to {@link put} what comes to the queue; answers how to stop */
  add(name: string, listen: FanoutQueue["listen"]): void {
    if (!this.#queues.has(name)) this.#queues.set(name, { texts: [], listen, listening: undefined });
  }

  /** Ends the listening; what has come and was not taken is gone. */
  async remove(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    this.#parked = this.#parked.filter((parked) => parked.queue !== name);
    await (await queue?.listening)?.();
  }

  has(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Listens to these queues from now on: who only publishes to an exchange has declared its queues, but takes nothing. */
  async open(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const queue = this.#queues.get(name);
      if (!queue) continue;
      queue.listening ??= queue.listen();
      try {
        await queue.listening;
      } catch (error) {
        queue.listening = undefined;
        throw error;
      }
    }
  }

  isEmpty(names: readonly string[]): boolean {
    return names.every((name) => !this.#queues.get(name)?.texts.length);
  }

  /** Behind what is there; false where the queue is none of ours. */
  put(name: string, raw: string): boolean {
    const texts = this.#queues.get(name)?.texts;
    if (!texts) return false;
    texts.push(raw);
    if (texts.length > room) {
      texts.shift();
      this.#overflown(name);
    }
    this.#tell(name);
    return true;
  }

  take(queues: readonly string[], max: number): Delivery[] {
    const deliveries: Delivery[] = [];
    for (const queue of queues) {
      const texts = this.#queues.get(queue)?.texts ?? [];
      for (const raw of texts.splice(0, max - deliveries.length)) {
        // A tag of our own: the sender's is the same for all who listen.
        const delivery = readDelivery(`fanout-${randomUUID()}`, queue, raw, this.#limits);
        this.#taken.set(delivery.tag, delivery);
        deliveries.push(delivery);
      }
    }
    return deliveries;
  }

  /** Called with the queue of whatever arrives, until the returned function is called. */
  onArrival(listener: (queue: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was taken and is not settled. */
  find(tag: string): Delivery | undefined {
    return this.#taken.get(tag);
  }

  settle(tag: string): void {
    this.#taken.delete(tag);
  }

  /** To be the next one taken, with both redelivered flags. */
  giveBack(delivery: Delivery, death: boolean): void {
    const { tag, queue, raw, envelope } = delivery;
    this.settle(tag);
    this.#putFirst(queue, envelope ? writeEnvelope(markGivenBack(envelope, death)) : raw);
  }

  /** Takes it out of the way until a time. */
  park({ tag, queue, raw }: Delivery, until: Date): void {
    this.settle(tag);
    this.#parked.push({ queue, raw, until: until.getTime() });
    if (this.#parked.length > room) this.#overflown(this.#parked.shift()!.queue);
  }

  /** Puts what was parked and is due before the others, in the order of the times. */
  unpark(now: number): { due: number; nextDue: Date | undefined } {
    const due = this.#parked.filter(({ until }) => until <= now).sort((a, b) => b.until - a.until);
    this.#parked = this.#parked.filter(({ until }) => until > now);
    for (const { queue, raw } of due) this.#putFirst(queue, raw);
    const next = this.#parked.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY);
    return { due: due.length, nextDue: Number.isFinite(next) ? new Date(next) : undefined };
  }

  #putFirst(queue: string, raw: string): void {
    this.#queues.get(queue)?.texts.unshift(raw);
    this.#tell(queue);
  }

  #tell(queue: string): void {
    for (const listener of this.#listeners) listener(queue);
  }
}
