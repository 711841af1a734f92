import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { CeleryError } from "../celery-error.ts";
import { writeEnvelope } from "../message/envelope-text.ts";
import { defaultLimits, type MessageLimits } from "../message/inert-json.ts";
import type { Broker, BrokerEvents, Delivery, Settled } from "./broker.ts";
import { forgetDeaths, readDelivery } from "./delivery.ts";
import { withFanout } from "./fanout-broker.ts";
import { FanoutInbox } from "./fanout-inbox.ts";
import { leaseBook } from "./lease-book.ts";
import type { Binding, HeldMessage, MemoryBrokerHub } from "./memory-hub.ts";
import { memoryMailbox } from "./memory-mailbox.ts";
import { directQueue } from "./queue-declaration.ts";
import { topicPattern } from "./topic-pattern.ts";
import { Unroutable } from "./unroutable.ts";

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
  const inbox = new FanoutInbox(limits, (queue) => events.emit("overflown", queue));
  const declared = new Map<string, Binding & { isFanout: boolean }>();
  let closing = new AbortController();
  let connected = false;

  function reachable(): MemoryBrokerHub {
    if (!connected) throw new BrokerNotConnected();
    return hub;
  }

  function settle(tag: string, act: (entry: HeldMessage) => void): Settled {
    const mine = book.find(tag);
    const entry = reachable().unacked.get(tag);
    if (mine) book.forget(tag, mine);
    if (!mine || entry?.holder !== mine.holder) return "LOST";
    hub.unacked.delete(tag);
    act(entry);
    return "DONE";
  }

  function bury(queue: string, raw: string, reason: string, text: string): void {
    const at = new Date(hub.now()).toISOString();
    reachable().deadLetters.unshift({ id: randomUUID().slice(-12), reason, text, queue, at, raw });
  }

  function take(queue: string, raw: string): Delivery {
    const delivery = readDelivery("", queue, raw, limits);
    const own = delivery.envelope?.properties.delivery_tag ?? "";
    const tag = own === "" || hub.unacked.has(own) ? randomUUID() : own;
    const holder = randomUUID();
    hub.unacked.set(tag, { queue, raw, holder, until: hub.now() + lease });
    book.keep(tag, { holder, queue }, hub.now());
    return { ...delivery, tag };
  }

  function isFanout(exchange: string): boolean {
    return declared.values().some((queue) => queue.exchange === exchange && queue.isFanout);
  }

  const publish: Broker["publish"] = async (address, envelope) => {
    const raw = writeEnvelope(envelope);
    if (typeof address === "string") return reachable().push(address, raw, "tail");
    const { exchange, routingKey } = address;
    if (isFanout(exchange)) return void reachable().broadcast(exchange, routingKey, raw);
    const queues = reachable().route(exchange, routingKey);
    if (queues.size === 0) throw new Unroutable(exchange, routingKey);
    for (const queue of queues) hub.push(queue, raw, "tail");
  };

  const consuming = withFanout(
    {
      publish,
      async pop(queues, { max = 1, rotate = false } = {}) {
        const order = [...queues];
        const deliveries: Delivery[] = [];
        while (deliveries.length < max) {
          const taken = reachable().take(order);
          if (!taken) break;
          deliveries.push(take(taken.queue, taken.raw));
          if (rotate) order.push(...order.splice(order.indexOf(taken.queue), 1));
        }
        return deliveries;
      },
      wait: (queues, timeout, signal) => hub.arrival(queues, timeout, AbortSignal.any([signal, closing.signal])),
      async renew(tags) {
        return new Map(
          tags.map((tag) => {
            const mine = book.find(tag);
            const entry = reachable().unacked.get(tag);
            if (!mine || entry?.holder !== mine.holder) {
              if (mine) book.forget(tag, mine);
              return [tag, "LOST"];
            }
            entry.until = hub.now() + lease;
            book.keep(tag, mine, hub.now());
            return [tag, "RENEWED"];
          }),
        );
      },
      acknowledge: async (tag) => settle(tag, () => {}),
      requeue: async (tag, { death = false } = {}) => settle(tag, (entry) => hub.giveBack(entry, death)),
      park: async (tag, until) =>
        settle(tag, (entry) => hub.unacked.set(tag, { ...entry, holder: undefined, until: until.getTime() })),
      retry: async (tag, queue, next) => settle(tag, () => hub.push(queue, writeEnvelope(next), "tail")),
      deadLetter: async (tag, reason, text) => settle(tag, ({ queue, raw }) => bury(queue, raw, reason, text)),
      restoreOrphans: async () => reachable().restoreEnded(),
    },
    inbox,
    async ({ queue, raw }, reason, text) => bury(queue, raw, reason, text),
    hub.now,
  );

  return {
    ...consuming,
    lease,
    publish,
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
      for (const queue of declared.keys()) void inbox.remove(queue);
      events.emit("disconnected", undefined);
    },
    on(event, listener) {
      events.on(event, listener as never);
    },
    async ping() {
      reachable();
    },

    async declare(queues) {
      for (const queue of queues) {
        const { name, exchange, exchangeType, routingKey } = typeof queue === "string" ? directQueue(queue) : queue;
        const pattern = exchangeType === "topic" ? topicPattern(routingKey) : "";
        const binding = { exchange, routingKey, pattern, queue: name };
        reachable().bind(binding);
        declared.set(name, { ...binding, isFanout: exchangeType === "fanout" });
        if (exchangeType !== "fanout") continue;
        inbox.add(name, async () => hub.listen(exchange, routingKey, (raw) => inbox.put(name, raw)));
      }
    },
    async undeclare(queues) {
      for (const queue of queues) {
        declared.delete(queue);
        await inbox.remove(queue);
      }
    },
    broadcast: async (exchange, routingKey, envelope) =>
      reachable().broadcast(exchange, routingKey, writeEnvelope(envelope)),
    async listen({ exchange, routingKey, queue }, listener) {
      const binding = { exchange, routingKey, pattern: "", queue };
      reachable().bind(binding);
      const stop = hub.listen(exchange, routingKey, listener);
      closing.signal.addEventListener("abort", stop, { once: true });
      return {
        async stop() {
          stop();
          hub.unbind(binding);
        },
      };
    },
    async answer(exchange, routingKey, envelope) {
      const queues = reachable().route(exchange, routingKey);
      for (const queue of queues) hub.push(queue, writeEnvelope(envelope), "tail");
      return queues.size > 0;
    },
    async openMailbox(exchange, routingKey) {
      const queue = `${routingKey}.${exchange}`;
      return memoryMailbox(reachable(), { exchange, routingKey, pattern: "", queue });
    },

    inspect: async (queue) => reachable().inspect(queue),
    holds: async (queue, taskIds) => reachable().holds(queue, taskIds),
    deadLetters: async (limit = 100) => reachable().deadLetters.slice(0, limit),
    findDeadLetter: async (id) => reachable().deadLetters.find((letter) => letter.id === id),
    async requeueDeadLetter(id) {
      const letter = reachable().takeDeadLetter(id);
      if (letter) hub.push(letter.queue, forgetDeaths(letter.raw), "tail");
      return letter !== undefined;
    },
    dropDeadLetter: async (id) => reachable().takeDeadLetter(id) !== undefined,
    epoch: async () => reachable().epoch,
    async announce(consumer, queues, ttl) {
      reachable().consumers.set(consumer, { queues: [...queues], until: hub.now() + ttl });
    },
    async withdraw(consumer) {
      reachable().consumers.delete(consumer);
    },
    describe: () => ({
      transport: "memory",
      hostname: "localhost",
      port: null,
      virtualHost: "/",
      userid: null,
      ssl: false,
    }),
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
