import { randomUUID } from "node:crypto";
import { writeEnvelope } from "../message/envelope-text.ts";
import type { MessageLimits } from "../message/inert-json.ts";
import type { Delivery } from "./broker.ts";
import { markGivenBack, readDelivery } from "./delivery.ts";

/** Messages that one fanout queue keeps for its consumer at most. */
const room = 10_000;

/**
 * What came to the fanout queues of one broker. It lies in this process alone, as what pub/sub brings does: when there is
 * too much the oldest goes, and when the process ends all of it.
 */
export class FanoutInbox {
  readonly #limits: MessageLimits;
  readonly #overflown: (queue: string) => void;
  readonly #waiting = new Map<string, string[]>();
  readonly #taken = new Map<string, Delivery>();
  #parked: { queue: string; raw: string; until: number }[] = [];
  readonly #listeners = new Set<(queue: string) => void>();

  /** @param overflown  called with the queue of each message that had to go */
  constructor(limits: MessageLimits, overflown: (queue: string) => void) {
    this.#limits = limits;
    this.#overflown = overflown;
  }

  /** Begins to keep what comes to a queue. */
  add(queue: string): void {
    if (!this.#waiting.has(queue)) this.#waiting.set(queue, []);
  }

  has(queue: string): boolean {
    return this.#waiting.has(queue);
  }

  isEmpty(queues: readonly string[]): boolean {
    return queues.every((queue) => !this.#waiting.get(queue)?.length);
  }

  /** Behind what is there; false where the queue is none of ours. */
  put(queue: string, raw: string): boolean {
    const texts = this.#waiting.get(queue);
    if (!texts) return false;
    texts.push(raw);
    if (texts.length > room) {
      texts.shift();
      this.#overflown(queue);
    }
    this.#tell(queue);
    return true;
  }

  take(queues: readonly string[], max: number): Delivery[] {
    const deliveries: Delivery[] = [];
    for (const queue of queues) {
      const texts = this.#waiting.get(queue) ?? [];
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
    this.#waiting.get(queue)?.unshift(raw);
    this.#tell(queue);
  }

  #tell(queue: string): void {
    for (const listener of this.#listeners) listener(queue);
  }
}
