import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { CeleryError } from "../celery-error.ts";
import { writeEnvelope } from "../message/envelope-text.ts";
import { defaultLimits, type MessageLimits } from "../message/inert-json.ts";
import type { Broker, BrokerEvents, Settled } from "./broker.ts";
import { readDelivery } from "./delivery.ts";
import { leaseBook } from "./lease-book.ts";
import type { HeldMessage, MemoryBrokerHub } from "./memory-hub.ts";

export interface MemoryBrokerOptions {
  /** Where the messages lie: brokers of one hub see the same ones, as connections to one server do. */
  hub: MemoryBrokerHub;
  /** Length of a lease in ms; 60,000 by default. */
  lease?: number;
  limits?: MessageLimits;
}

/** A broker within one process, for demonstrations and tests: nothing survives the process, nothing leaves it. */
export function memoryBroker({ hub, lease = 60_000, limits = defaultLimits }: MemoryBrokerOptions): Broker {
  const events = new EventEmitter<BrokerEvents>();
  const book = leaseBook(lease, hub.now);
  let closing = new AbortController();
  let connected = false;

  function reachable(): MemoryBrokerHub {
    if (!connected) throw new BrokerNotConnected();
    return hub;
  }

  /** The entry, while it still carries our mark. */
  function findHeld(tag: string): HeldMessage | undefined {
    const mine = book.find(tag);
    const entry = reachable().unacked.get(tag);
    return mine && entry?.holder === mine.holder ? entry : undefined;
  }

  function settle(tag: string, act: (entry: HeldMessage) => void): Settled {
    const entry = findHeld(tag);
    book.forget(tag);
    if (!entry) return "LOST";
    hub.unacked.delete(tag);
    act(entry);
    return "DONE";
  }

  return {
    lease,
    async connect(signal) {
      signal?.throwIfAborted();
      connected = true;
      closing = new AbortController();
      events.emit("connected");
    },
    async close() {
      if (!connected) return;
      connected = false;
      closing.abort();
      events.emit("disconnected", undefined);
    },
    on(event, listener) {
      events.on(event, listener as never);
    },
    async ping() {
      reachable();
    },

    async declare(queues) {
      for (const queue of queues) reachable().declared.add(queue);
    },
    async publish(queue, envelope) {
      reachable().push(queue, writeEnvelope(envelope), "tail");
    },

    async pop(queues) {
      const taken = reachable().take(queues);
      if (!taken) return undefined;
      const delivery = readDelivery("", taken.queue, taken.raw, limits);
      const own = delivery.envelope?.properties.delivery_tag ?? "";
      const tag = own === "" || hub.unacked.has(own) ? randomUUID() : own;
      const holder = randomUUID();
      hub.unacked.set(tag, { ...taken, holder, until: hub.now() + lease });
      book.keep(tag, { holder, queue: taken.queue }, hub.now());
      return { ...delivery, tag };
    },
    wait(queues, timeout, signal) {
      const ends = [signal, closing.signal];
      return hub.arrival(queues, timeout, AbortSignal.any(ends));
    },

    async renew(tags) {
      return new Map(
        tags.map((tag) => {
          const entry = findHeld(tag);
          if (!entry) {
            book.forget(tag);
            return [tag, "LOST"];
          }
          entry.until = hub.now() + lease;
          book.keep(tag, entry, hub.now());
          return [tag, "RENEWED"];
        }),
      );
    },
    acknowledge: async (tag) => settle(tag, () => {}),
    requeue: async (tag) => settle(tag, (entry) => hub.giveBack(entry)),
    retry: async (tag, queue, next) => settle(tag, () => hub.push(queue, writeEnvelope(next), "tail")),
    deadLetter: async (tag, reason, text) =>
      settle(tag, ({ queue, raw }) => {
        hub.deadLetters.unshift({ reason, text, queue, at: new Date(hub.now()).toISOString(), raw });
      }),

    restoreOrphans: async () => reachable().restoreEnded(),
    inspect: async (queue) => reachable().inspect(queue),
    holds: async (queue, taskIds) => reachable().holds(queue, taskIds),
    deadLetters: async (limit = 100) => reachable().deadLetters.slice(0, limit),
    epoch: async () => reachable().epoch,
    async announce(consumer, queues, ttl) {
      reachable().consumers.set(consumer, { queues: [...queues], until: hub.now() + ttl });
    },
    async withdraw(consumer) {
      reachable().consumers.delete(consumer);
    },
  };
}

/** A broker was used before `connect()` or after `close()`. */
export class BrokerNotConnected extends CeleryError {
  readonly kind = "transient";
  readonly code = "CDT-BROKER-NOT-CONNECTED";
  readonly help = "connect the broker first";

  constructor() {
    super("the broker is not connected");
  }
}
