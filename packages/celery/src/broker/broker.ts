import type { Envelope } from "../message/envelope.ts";

/** A queue and how it is bound, in kombu's terms. A plain name stands for `direct`, with all three names the same. */
export interface QueueDeclaration {
  name: string;
  exchange: string;
  /** `fanout` queues get what is published while somebody listens (Redis pub/sub), without acknowledgement. */
  exchangeType: "direct" | "topic" | "fanout";
  routingKey: string;
}

/** Where a message is published: a queue's name (through the anonymous exchange), or an exchange and a routing key. */
export type Address = string | { exchange: string; routingKey: string };

/** A message that this process holds: popped and recorded as unacknowledged in one step. */
export interface Delivery {
  /** By which it is renewed, settled or given back. The next time the message is popped it may have another one. */
  tag: string;
  queue: string;
  /** The message as it lay in the queue, byte for byte; decoding is the consumer's business. */
  raw: string;
  /** Parsed envelope, or undefined if `raw` is not one (such a message can only be dead-lettered). */
  envelope: Envelope | undefined;
  redelivered: boolean;
  /** How many holders have died over this message, as far as our restores have counted. */
  deaths: number;
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
  /** By which it is shown, requeued or dropped. */
  id: string;
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
  /** There was no room, and the oldest message is gone: of the named fanout queue in this process, or of the `dead letters`. */
  overflown: [place: string];
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

  /**
   * Declares queues (their bindings); done again by the broker itself after every reconnect. A fanout queue gets messages
   * from the first `pop` or `wait` on that names it.
   */
  declare(queues: readonly (string | QueueDeclaration)[]): Promise<void>;
  /**
   * Declares queues no longer, and stops to listen to what they get of a fanout exchange. Other queues stay bound, so that
   * what is sent meanwhile waits in them, as with Python's workers.
   */
  undeclare(queues: readonly string[]): Promise<void>;
  /**
   * Puts a message at the tail of each queue that the address leads to, in the list of its priority. What is published in
   * one turn of the event loop goes in one round trip. To an exchange that was declared as a fanout it is broadcast.
   *
   * @throws {Unroutable} when no queue is bound: Python's producers lose the message in silence
   */
  publish(address: Address, envelope: Envelope): Promise<void>;

  /** Sends to whoever listens to a fanout exchange now; nobody keeps it. Answers how many those are. */
  broadcast(exchange: string, routingKey: string, envelope: Envelope): Promise<number>;
  /**
   * Listens to a fanout exchange: to one routing key, or with `#` to all, also below one (`worker.#`). Heals with the
   * connection; what is sent in between is missed.
   *
   * @param queue  the name under which kombu's binding of the exchange is recorded
   */
  listen(
    subscription: { exchange: string; routingKey: string; queue: string },
    listener: (raw: string) => void,
  ): Promise<Subscription>;
  /**
   * Answers a request of remote control: at the end of the list that is bound to `exchange` for `routingKey`, which then
   * lives for `ttl` ms at most. False when nobody is bound: who asked has gone.
   */
  answer(exchange: string, routingKey: string, envelope: Envelope, ttl: number): Promise<boolean>;
  /** A list of our own, bound to `exchange` for `routingKey`, where answers arrive. */
  openMailbox(exchange: string, routingKey: string): Promise<Mailbox>;

  /**
   * Takes up to `max` (1) next messages, by priority first, then by the order of `queues`; empty when there are none.
   * With `rotate` the queue that gave one goes to the end for the next (kombu's round robin), within the call.
   */
  pop(queues: readonly string[], options?: { max?: number; rotate?: boolean }): Promise<Delivery[]>;
  /** Waits, without taking, until one of the queues may hold a message, at most `timeout` ms. */
  wait(queues: readonly string[], timeout: number, signal: AbortSignal): Promise<void>;

  renew(tags: readonly string[]): Promise<ReadonlyMap<string, Renewed>>;
  /** What is acknowledged in one turn of the event loop goes in one round trip. */
  acknowledge(tag: string): Promise<Settled>;
  /** Back to the head of its queue, both redelivered flags set; with `death` counted as one that killed its holder. */
  requeue(tag: string, options?: { death?: boolean }): Promise<Settled>;
  /**
   * Lets go of a message until a time: it stays where held messages lie, safe from everybody, costs us no memory and no
   * renewals, and is back at the head of its queue when the time has come, whoever lives then. Not a redelivery.
   */
  park(tag: string, until: Date): Promise<Settled>;
  /** Publishes the next try and acknowledges this one, in one step. */
  retry(tag: string, queue: string, next: Envelope): Promise<Settled>;
  /** Moves the message to the dead-letter list, with the reason. */
  deadLetter(tag: string, reason: string, text: string): Promise<Settled>;

  /**
   * Gives back what dead holders left (our own expired leases, and others' entries by kombu's rule), and what was parked
   * and is due. `nextDue` is when the next parked message is, undefined when none is known.
   */
  restoreOrphans(): Promise<{ restored: number; due: number; nextDue: Date | undefined }>;

  inspect(queue: string): Promise<QueueState>;
  /** Which of these task ids the broker still holds for the queue (waiting or unacked). Capped: beyond the cap an id counts as held. */
  holds(queue: string, taskIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Newest first. */
  deadLetters(limit?: number): Promise<DeadLetter[]>;
  findDeadLetter(id: string): Promise<DeadLetter | undefined>;
  /** Back to the tail of its queue, its count of deaths at zero. False when it is not there (any more). */
  requeueDeadLetter(id: string): Promise<boolean>;
  dropDeadLetter(id: string): Promise<boolean>;

  /** A value that changes when the broker has lost its memory (flushed, or replaced by an empty one). */
  epoch(): Promise<string>;
  /** Says that `consumer` listens to `queues`, for `ttl` ms. */
  announce(consumer: string, queues: readonly string[], ttl: number): Promise<void>;
  withdraw(consumer: string): Promise<void>;

  /** Where and what it is, for `stats`; no secrets. */
  describe(): BrokerDescription;
}

export interface Subscription {
  stop(): Promise<void>;
}

export interface Mailbox {
  /** The next answer's text; undefined when `timeout` ms are over or the signal aborts. */
  receive(timeout: number, signal?: AbortSignal): Promise<string | undefined>;
  /** Takes list and binding away. */
  close(): Promise<void>;
}

export interface BrokerDescription {
  /** kombu's name of the transport: `redis`, `memory`. */
  transport: string;
  hostname: string;
  port: number | null;
  /** Number of the database, as a text. */
  virtualHost: string;
  userid: string | null;
  ssl: boolean;
}
