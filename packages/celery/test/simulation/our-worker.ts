import type { Delivery } from "../../src/broker/broker.ts";
import { redisHolding } from "../../src/broker/redis-holding.ts";
import { redisKeys } from "../../src/broker/redis-keys.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { type Held, HeldMessages, interrupt, loseLease, monotonic } from "../../src/worker/held.ts";
import { type Connection, linkOver } from "./connection.ts";
import type { MessageName } from "./message.ts";
import type { Process } from "./process.ts";
import type { Ending } from "./schedule.ts";
import type { Tale } from "./tale.ts";

export interface OurWorkerOptions {
  connection: Connection;
  tale: Tale;
  queues: readonly string[];
  lease: number;
  visibilityTimeout: number;
  concurrency: number;
  nameOf: (raw: string) => MessageName;
  /** Told of what it has popped. */
  known: (tag: string, by: Process, deaths: number) => void;
  /** Runs a message's task. */
  perform: (held: Held, name: MessageName) => Promise<Ending>;
  /** When it is told to stop, running tasks are interrupted and have so long to end, in ms; at once by default. */
  grace?: number;
  /** A task that asks for its message to be requeued keeps its slot for so long, in ms; 0 by default. */
  requeueRest?: number;
}

/** Deaths of holders after which a message is put aside. */
const mostDeaths = 3;

/**
 * One of our workers: the real code of the broker's holding (its scripts, its book of leases), and around it in short what
 * the worker's consumer, lease keeper and upkeep do, on virtual time.
 */
export class OurWorker {
  readonly #options: OurWorkerOptions;
  readonly #holding: ReturnType<typeof redisHolding>;
  readonly #held: HeldMessages;
  #stopping = false;
  #renewing = false;
  #renewedAt = 0;
  #rounds = 0;
  /** Slots that are kept though their messages were given back. */
  #resting = 0;
  #wake: () => void = () => {};
  readonly #running = new Set<Promise<void>>();

  constructor(options: OurWorkerOptions) {
    this.#options = options;
    const { connection, lease, visibilityTimeout } = options;
    const lengths = { lease, visibilityTimeout: visibilityTimeout / 1000 };
    this.#holding = redisHolding(linkOver(connection), redisKeys(), lengths, () => {});
    this.#held = new HeldMessages(options.lease);
  }

  get process() {
    return this.#options.connection.process;
  }

  get hasRoom(): boolean {
    return !this.#stopping && this.#held.size + this.#resting < this.#options.concurrency;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  start(): void {
    this.#renewedAt = monotonic();
    this.#options.connection.onReady(() => this.#wake());
    void this.#consume();
    void this.#keepLeases();
    void this.#restoreOrphans();
  }

  /** Takes no more, gives back what it holds, the last one popped first, and ends. */
  async stop(): Promise<void> {
    const { grace } = this.#options;
    this.#stopping = true;
    this.#wake();
    if (grace !== undefined) {
      for (const held of this.#held) interrupt(held);
      await Promise.race([Promise.all(this.#running), this.process.sleep(grace)]);
    }
    for (const held of [...this.#held].sort((a, b) => b.order - a.order)) {
      if (!held.leaving) await this.#giveBack(held);
    }
    this.#tell("has stopped");
    this.process.die();
  }

  // ---- Consuming ----

  async #consume(): Promise<void> {
    const { queues, concurrency } = this.#options;
    for (let failures = 0; !this.#stopping; ) {
      try {
        const room = concurrency - this.#held.size - this.#resting;
        if (room < 1) await this.#rest(5000);
        else {
          const askedAt = monotonic();
          const deliveries = await this.#holding.pop(queues, { max: room, rotate: true });
          failures = 0;
          for (const delivery of deliveries) this.#take(delivery, askedAt);
          if (deliveries.length === 0) await this.#rest(5000, queues);
        }
      } catch {
        await this.#rest(Math.min(5000, 100 * 2 ** failures++));
      }
    }
  }

  #take(delivery: Delivery, askedAt: number): void {
    const { nameOf, known: tellOf } = this.#options;
    const name = nameOf(delivery.raw);
    tellOf(delivery.tag, this.process, delivery.deaths);
    const known = this.#held.again(delivery);
    if (known && !known.leaving) {
      this.#held.regain(known, delivery, askedAt);
      this.#tell(`has ${name} again, whose task still runs here`);
      return;
    }
    const held = this.#held.add(delivery, askedAt);
    if (this.#stopping) void this.#giveBack(held);
    else this.#follow(this.#work(held, name));
  }

  #follow(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async #work(held: Held, name: MessageName): Promise<void> {
    const { perform } = this.#options;
    const { envelope, deaths, queue } = held.delivery;
    if (this.#held.isLost(held)) {
      this.#tell(`leaves ${name}, whose lease was over before it could start`);
      return this.#held.remove(held);
    }
    if (!envelope) return this.#deadLetter(held, name, "malformed");
    if (deaths >= mostDeaths) return this.#deadLetter(held, name, "poison");
    const ending = await perform(held, name);
    if (held.leaving || this.#held.get(held.delivery.tag) !== held) return;
    switch (ending.end) {
      case "done":
        return this.#settle(held, name, "acknowledges", () => this.#holding.acknowledge(held.delivery.tag));
      case "retry":
        return this.#settle(held, name, "retries", () =>
          this.#holding.retry(held.delivery.tag, queue, nextTry(envelope)),
        );
      case "requeue":
        this.#resting++;
        await this.#giveBack(held);
        await this.process.sleep(this.#options.requeueRest ?? 0);
        this.#resting--;
        return this.#wake();
      case "park": {
        const until = new Date(this.#now() + ending.ms);
        return this.#settle(held, name, `parks for ${ending.ms} ms`, () =>
          this.#holding.park(held.delivery.tag, until),
        );
      }
      case "dead-letter":
        return this.#deadLetter(held, name, ending.reason ?? "unknown-task");
    }
  }

  #deadLetter(held: Held, name: MessageName, reason: string): Promise<void> {
    return this.#settle(held, name, "dead-letters", () => {
      return this.#holding.deadLetter(held.delivery.tag, reason, "as planned");
    });
  }

  #giveBack(held: Held): Promise<void> {
    held.leaving = true;
    const name = this.#options.nameOf(held.delivery.raw);
    return this.#settle(held, name, "gives back", () => this.#holding.requeue(held.delivery.tag));
  }

  /** Asks until the broker answers, as long as the lease lasts. */
  async #settle(held: Held, name: MessageName, what: string, ask: () => Promise<"DONE" | "LOST">): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        this.#tell(`${what} ${name}: ${await ask()}`);
        break;
      } catch {
        if (this.#held.isLost(held)) {
          this.#tell(`gives ${name} up`);
          break;
        }
        await this.process.sleep(Math.min(5000, 100 * 2 ** failures));
      }
    }
    this.#held.remove(held);
    this.#wake();
  }

  // ---- Keeping leases ----

  async #keepLeases(): Promise<void> {
    const { lease } = this.#options;
    while (this.process.alive) {
      await this.process.sleep(lease / 12);
      for (const held of this.#held) if (!held.lost && this.#held.isLost(held)) loseLease(held, "clock");
      if (!this.#renewing && monotonic() - this.#renewedAt >= lease / 3) void this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const ours = [...this.#held].filter((held) => !this.#held.isLost(held));
    const askedAt = monotonic();
    if (ours.length === 0) {
      this.#renewedAt = askedAt;
      return;
    }
    this.#renewing = true;
    try {
      const answers = await this.#holding.renew(ours.map(({ delivery }) => delivery.tag));
      this.#renewedAt = askedAt;
      for (const held of ours) {
        if (this.#held.get(held.delivery.tag) !== held || held.lost) continue;
        if (answers.get(held.delivery.tag) === "RENEWED") held.leasedAt = askedAt;
        else {
          loseLease(held, "answered");
          this.#tell(`hears that its lease of ${this.#options.nameOf(held.delivery.raw)} is lost`);
        }
      }
    } catch {
      // Tried again at the next tick.
    } finally {
      this.#renewing = false;
    }
  }

  // ---- Upkeep ----

  async #restoreOrphans(): Promise<void> {
    const { lease } = this.#options;
    for (let untilDue = Number.POSITIVE_INFINITY; !this.#stopping; ) {
      const round = (lease / 4) * (1 - (this.#rounds++ % 5) / 20);
      await this.process.sleep(Math.min(round, Math.max(100, untilDue)));
      untilDue = Number.POSITIVE_INFINITY;
      try {
        const { restored, due, nextDue } = await this.#holding.restoreOrphans();
        if (nextDue) untilDue = nextDue.getTime() - this.#now() + 1;
        if (restored + due > 0) this.#tell(`restores ${restored} orphans, ${due} are due`);
      } catch {
        // The next round is soon.
      }
    }
  }

  /** Until somebody wakes it, one of the lists holds something, or the time is over. */
  async #rest(ms: number, lists?: readonly string[]): Promise<void> {
    const { host } = this.#options.connection;
    const { promise: wait, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const watch = lists && host.whenFilled(lists.flatMap(redisKeys().lists), () => this.process.later(0.5, resolve));
    this.process.later(ms, resolve);
    await wait;
    watch?.stop();
  }

  /** Its wall clock. */
  #now(): number {
    return this.#options.connection.host.truth() + this.process.skew;
  }

  #tell(what: string): void {
    this.#options.tale.tell(this.process.name, what);
  }
}

function nextTry(envelope: Envelope): Envelope {
  const retries = Number(envelope.headers.retries) + 1;
  const tag = `${envelope.properties.delivery_tag}+`;
  return {
    ...envelope,
    headers: { ...envelope.headers, retries },
    properties: { ...envelope.properties, delivery_tag: tag },
  };
}
