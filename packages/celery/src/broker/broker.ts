import type { Envelope } from "../message/envelope.ts";

/** A message that this process holds: popped and recorded as unacknowledged in one step. */
export interface Delivery {
  /** Delivery tag: the key by which the message is renewed, acknowledged or given back. */
  tag: string;
  queue: string;
  /** The message as it lay in the queue, byte for byte; decoding is the consumer's business. */
  raw: string;
  /** Parsed envelope, or undefined if `raw` is not one (such a message can only be dead-lettered). */
  envelope: Envelope | undefined;
  redelivered: boolean;
}

/** DONE: the entry was ours and is settled. LOST: it no longer carries our mark; nothing was touched. */
export type Settled = "DONE" | "LOST";
export type Renewed = "RENEWED" | "LOST";

export interface QueueState {
  queue: string;
  /** Messages in all priority lists. */
  waiting: number;
  /** Entries of `unacked` that came from this queue; `atLeast` when the capped scan stopped early. */
  unacked: { count: number; atLeast: boolean };
  /** Those of the unacked whose eta is still to come. */
  scheduled: number;
  /** Whether a `_kombu.binding.*` leads to the queue. */
  bound: boolean;
  /** Live consumers by our presence records; undefined where others may listen whom we cannot see. */
  consumers: number | undefined;
  /** Seconds since the oldest waiting message was published, where its headers tell; else undefined. */
  oldestAge: number | undefined;
}

export interface DeadLetter {
  /** Why it was put aside: a stable word (`malformed`, `unknown-task`, ...) and a sentence. */
  reason: string;
  text: string;
  queue: string;
  /** ISO 8601, broker's clock. */
  at: string;
  raw: string;
}

export interface BrokerEvents {
  connected: [];
  disconnected: [Error | undefined];
}

/**
 * Where messages lie and who holds which. Two implementations, `redisBroker` and `memoryBroker`, pass one suite
 * (`broker.conformance.ts`).
 *
 * The lease: a popped message is ours for `lease` ms and must be renewed. Every settling call acts only while the entry
 * still carries our mark and otherwise answers LOST.
 */
export interface Broker {
  /** Length of a lease in ms. */
  readonly lease: number;
  /** Tries once; rejects with what is wrong, and may be called again. Afterwards a lost connection mends itself. */
  connect(signal?: AbortSignal): Promise<void>;
  /** Closes all connections, for good. What is still held stays in `unacked` until its lease ends: give it back before. */
  close(): Promise<void>;
  on<E extends keyof BrokerEvents>(event: E, listener: (...args: BrokerEvents[E]) => void): void;
  /** Round trip to the server; rejects when it is not reachable. */
  ping(): Promise<void>;

  /** Declares queues (their bindings); done again by the broker itself after every reconnect. */
  declare(queues: readonly string[]): Promise<void>;
  /** Puts a message at the tail of the queue, in the list of its priority. */
  publish(queue: string, envelope: Envelope): Promise<void>;

  /** Takes the next message of the first non-empty queue, by priority first; undefined when all are empty. */
  pop(queues: readonly string[]): Promise<Delivery | undefined>;
  /** Waits, without taking, until one of the queues may hold a message, at most `timeout` ms. */
  wait(queues: readonly string[], timeout: number, signal: AbortSignal): Promise<void>;

  renew(tags: readonly string[]): Promise<ReadonlyMap<string, Renewed>>;
  acknowledge(tag: string): Promise<Settled>;
  /** Back to the head of its queue, both redelivered flags set. */
  requeue(tag: string): Promise<Settled>;
  /** Publishes the next try and acknowledges this one, in one step. */
  retry(tag: string, queue: string, next: Envelope): Promise<Settled>;
  /** Moves the message to the dead-letter list, with the reason. */
  deadLetter(tag: string, reason: string, text: string): Promise<Settled>;

  /** Gives back what dead holders left: our own expired leases, and others' entries by kombu's rule. Returns the number. */
  restoreOrphans(): Promise<number>;

  inspect(queue: string): Promise<QueueState>;
  /** Which of these task ids the broker still holds for the queue (waiting or unacked). Capped: beyond the cap an id counts as held. */
  holds(queue: string, taskIds: readonly string[]): Promise<ReadonlySet<string>>;
  deadLetters(limit?: number): Promise<DeadLetter[]>;

  /** A value that changes when the broker has lost its memory (flushed, or replaced by an empty one). */
  epoch(): Promise<string>;
  /** Says that `consumer` listens to `queues`, for `ttl` ms. */
  announce(consumer: string, queues: readonly string[], ttl: number): Promise<void>;
  withdraw(consumer: string): Promise<void>;
}
