import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { writeEnvelope } from "../message/envelope-text.ts";
import { defaultLimits, type MessageLimits } from "../message/inert-json.ts";
import type { Broker, BrokerEvents, Delivery, Renewed, Settled } from "./broker.ts";
import { readDelivery } from "./delivery.ts";
import { leaseBook } from "./lease-book.ts";
import { type RedisConnectionOptions, redisLink } from "./redis-connection.ts";
import { redisInspection } from "./redis-inspection.ts";
import { type RedisKeyOptions, redisKeys } from "./redis-keys.ts";
import { type RedisScript, redisScript } from "./redis-script.ts";
import { wakeUp } from "./wake-up.ts";

export interface RedisBrokerOptions extends RedisConnectionOptions, RedisKeyOptions {
  /** Length of a lease in ms; 60,000 by default. */
  lease?: number;
  /** After how many seconds kombu's peers take an entry of theirs for orphaned; 3600 by default, as there. */
  visibilityTimeout?: number;
  /** What is read of a message at most; beyond it a delivery has no envelope. */
  limits?: MessageLimits;
  /** Most messages that one `inspect` or `holds` looks at, in the queue and in `unacked` each; 10,000 by default. */
  scanLimit?: number;
}

/**
 * A broker on Redis (6.2 or later) whose queues are kombu's: Python peers may use the same ones at the same time.
 *
 * @throws {RedisError} when a TLS file cannot be read
 */
export function redisBroker(options: RedisBrokerOptions): Broker {
  const { lease = 60_000, visibilityTimeout = 3600, limits = defaultLimits } = options;
  const keys = redisKeys(options);
  const link = redisLink(options);
  const waiting = wakeUp(options);
  const events = new EventEmitter<BrokerEvents>();
  const declared = new Set<string>();
  const book = leaseBook(lease, () => performance.now());
  const held = [keys.unacked, keys.unackedIndex, keys.leases];
  const { inspect, holds, deadLetters } = redisInspection(link, keys, options);
  let lastEpoch: string | undefined;

  link.onReady(() => void afterConnect());
  link.onLost((error) => events.emit("disconnected", error));

  async function afterConnect(): Promise<void> {
    try {
      // Redis may be another one now, or have been flushed: without its binding a queue gets no routed message.
      await bind();
      events.emit("connected");
    } catch {
      // The connection broke again; the next one does it.
    }
  }

  function bind(): Promise<unknown> {
    if (declared.size === 0) return Promise.resolve();
    return link.run((redis) =>
      Promise.all([...declared].map((queue) => redis.sadd(keys.binding(queue), keys.bindingMember(queue)))),
    );
  }

  /** Runs a settling script for a message that we hold; LOST without asking when our lease may have ended. */
  async function settle(
    script: RedisScript<0 | 1>,
    tag: string,
    more: { keys?: string[]; args?: string[] } = {},
  ): Promise<Settled> {
    const mine = book.find(tag);
    if (!mine) return "LOST";
    const args = [tag, mine.holder, ...(more.args ?? [])];
    const done = await link.run((redis) => script(redis, [...held, ...(more.keys ?? [])], args));
    book.forget(tag);
    return done === 1 ? "DONE" : "LOST";
  }

  return {
    lease,
    inspect,
    holds,
    deadLetters,

    connect: (signal) => link.connect(signal),
    async close() {
      waiting.close();
      link.close();
    },
    on(event, listener) {
      events.on(event, listener as never);
    },
    async ping() {
      await link.run((redis) => redis.ping());
    },

    async declare(queues) {
      for (const queue of queues) declared.add(queue);
      await bind();
    },
    async publish(queue, envelope) {
      const list = keys.list(queue, envelope.properties.priority ?? 0);
      await link.run((redis) => redis.lpush(list, writeEnvelope(envelope)));
    },

    async pop(queues): Promise<Delivery | undefined> {
      // Priority wins over queue, as in kombu: all first lists, then all second ones.
      const lists = keys.steps.flatMap((step) => queues.map((queue) => ({ queue, key: keys.list(queue, step) })));
      const holder = randomBytes(12).toString("base64url");
      const since = performance.now();
      const popped = await link.run((redis) =>
        scripts.pop(
          redis,
          [...held, ...lists.map(({ key }) => key)],
          [lease / 1000, holder, ...lists.map(({ queue }) => queue)],
        ),
      );
      if (!popped) return undefined;
      const [tag, number, raw] = popped;
      const { queue } = lists[number - 1]!;
      book.keep(tag, { holder, queue }, since);
      return readDelivery(tag, queue, raw, limits);
    },
    wait: (queues, timeout, signal) => waiting.wait(queues.flatMap(keys.lists), timeout, signal),

    async renew(tags) {
      const answers = new Map<string, Renewed>(tags.map((tag) => [tag, "LOST"]));
      const ours = tags.map((tag) => ({ tag, mine: book.find(tag) })).filter(({ mine }) => mine !== undefined);
      if (ours.length === 0) return answers;
      const since = performance.now();
      const args = ours.flatMap(({ tag, mine }) => [tag, mine!.holder]);
      const renewed = await link.run((redis) => scripts.renew(redis, held, [lease / 1000, ...args]));
      for (const [i, { tag, mine }] of ours.entries()) {
        if (renewed[i] === 1) {
          answers.set(tag, "RENEWED");
          book.keep(tag, mine!, since);
        } else book.forget(tag);
      }
      return answers;
    },
    acknowledge: (tag) => settle(scripts.acknowledge, tag),
    requeue: (tag) => settle(scripts.requeue, tag, { args: [keys.layout] }),
    retry: (tag, queue, next) =>
      settle(scripts.retry, tag, {
        keys: [keys.list(queue, next.properties.priority ?? 0)],
        args: [writeEnvelope(next)],
      }),
    async deadLetter(tag, reason, text) {
      if (!book.find(tag)) return "LOST";
      const at = (await serverTime()).toISOString();
      return await settle(scripts.deadLetter, tag, { keys: [keys.deadLetters], args: [reason, text, at] });
    },

    async restoreOrphans() {
      for (let total = 0; ; ) {
        const [restored, more] = await link.run((redis) =>
          scripts.restoreOrphans(redis, [...held, keys.unackedMutex], [visibilityTimeout, 100, keys.layout]),
        );
        total += restored;
        if (more === 0) return total;
      }
    },

    async epoch() {
      const value = await link.run(async (redis) => {
        await redis.set(keys.epoch, randomBytes(12).toString("base64url"), "NX");
        return (await redis.get(keys.epoch)) ?? "";
      });
      // Flushed under an open connection: the bindings went too.
      if (lastEpoch !== undefined && lastEpoch !== value) await bind();
      lastEpoch = value;
      return value;
    },
    async announce(consumer, queues, ttl) {
      const args = [consumer, Math.ceil(ttl), keys.consumers(""), ...queues];
      await link.run((redis) => scripts.announce(redis, [keys.consumer(consumer)], args));
    },
    async withdraw(consumer) {
      await link.run((redis) => scripts.announce(redis, [keys.consumer(consumer)], [consumer, 0, keys.consumers("")]));
    },
  };

  async function serverTime(): Promise<Date> {
    const [seconds, microseconds] = await link.run((redis) => redis.time());
    return new Date(Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000));
  }
}

const scripts = {
  pop: redisScript<[tag: string, list: number, raw: string] | null>(
    import.meta.url,
    "pop",
    "json-text",
    "message",
    "lease",
  ),
  renew: redisScript<(0 | 1)[]>(import.meta.url, "renew", "lease"),
  acknowledge: redisScript<0 | 1>(import.meta.url, "acknowledge", "lease"),
  requeue: redisScript<0 | 1>(import.meta.url, "requeue", "json-text", "message", "lease"),
  retry: redisScript<0 | 1>(import.meta.url, "retry", "lease"),
  deadLetter: redisScript<0 | 1>(import.meta.url, "dead-letter", "json-text", "message", "lease"),
  restoreOrphans: redisScript<[restored: number, more: 0 | 1]>(
    import.meta.url,
    "restore-orphans",
    "json-text",
    "message",
    "lease",
    "routing",
  ),
  announce: redisScript<null>(import.meta.url, "announce"),
};
