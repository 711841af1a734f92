import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { defaultLimits } from "../message/inert-json.ts";
import type { Broker, BrokerEvents } from "./broker.ts";
import { withFanout } from "./fanout-broker.ts";
import { FanoutInbox } from "./fanout-inbox.ts";
import { type RedisConnectionOptions, redisLink } from "./redis-connection.ts";
import { redisDeadLetters } from "./redis-dead-letters.ts";
import { redisExchanges } from "./redis-exchanges.ts";
import { defaultLease, type RedisHoldingOptions, redisHolding } from "./redis-holding.ts";
import { listenerName, redisInspection } from "./redis-inspection.ts";
import { type RedisKeyOptions, redisKeys } from "./redis-keys.ts";
import { redisScript } from "./redis-script.ts";
import { readOptions } from "./redis-servers.ts";
import { redisSubscriber } from "./redis-subscriber.ts";
import { wakeUp } from "./wake-up.ts";

export interface RedisBrokerOptions extends RedisConnectionOptions, RedisKeyOptions, RedisHoldingOptions {
  /** Most messages that one `inspect` or `holds` looks at, in the queue and in `unacked` each; 10,000 by default. */
  scanLimit?: number;
}

/**
 * A broker on Redis (6.2 or later) whose queues are kombu's: Python peers may use the same ones at the same time.
 *
 * @throws {RedisError} CDT-REDIS-URL when there is a URL that cannot be read
 */
export function redisBroker(options: RedisBrokerOptions): Broker {
  const [server] = readOptions(options).servers;
  const keys = redisKeys({ ...options, db: server.db });
  const link = redisLink(options);
  const listening = { ...options, clientName: listenerName(options.clientName) };
  const subscriber = redisSubscriber(listening);
  const waiting = wakeUp(options);
  const events = new EventEmitter<BrokerEvents>();
  const inbox = new FanoutInbox(options.limits ?? defaultLimits, (queue) => events.emit("overflown", queue));
  const exchanges = redisExchanges(link, subscriber, keys, listening, inbox);
  const { keep, ...deadLetters } = redisDeadLetters(link, keys, options.deadLetterLimit);
  const consuming = withFanout(
    {
      ...redisHolding(link, keys, options, () => events.emit("overflown", "dead letters")),
      wait: (queues, timeout, signal) => waiting.wait(queues.flatMap(keys.lists), timeout, signal),
      publish: exchanges.publish,
    },
    inbox,
    keep,
  );
  let lastEpoch: string | undefined;

  link.onReady(() => void afterConnect());
  link.onLost((error) => events.emit("disconnected", error));

  async function afterConnect(): Promise<void> {
    try {
      // Redis may be another one now, or have been flushed: without its binding a queue gets no routed message.
      await exchanges.bind();
      events.emit("connected");
    } catch {
      // The connection broke again; the next one does it.
    }
  }

  return {
    ...consuming,
    ...redisInspection(link, keys, exchanges.exchangeOf, { db: server.db, scanLimit: options.scanLimit }),
    ...deadLetters,
    lease: options.lease ?? defaultLease,

    connect: (signal) => link.connect(signal),
    async close() {
      waiting.close();
      await exchanges.close();
      subscriber.close();
      link.close();
    },
    on(event, listener) {
      events.on(event, listener as never);
    },
    async ping() {
      await link.run((redis) => redis.ping());
    },

    declare: exchanges.declare,
    undeclare: exchanges.undeclare,
    publish: exchanges.publish,
    broadcast: exchanges.broadcast,
    listen: exchanges.listen,
    answer: exchanges.answer,
    openMailbox: exchanges.openMailbox,

    async epoch() {
      const value = await link.run(async (redis) => {
        await redis.set(keys.epoch, randomBytes(12).toString("base64url"), "NX");
        return (await redis.get(keys.epoch)) ?? "";
      });
      // Flushed under an open connection: the bindings went too.
      if (lastEpoch !== undefined && lastEpoch !== value) await exchanges.bind();
      lastEpoch = value;
      return value;
    },
    async announce(consumer, queues, ttl) {
      const args = [consumer, Math.ceil(ttl), keys.consumers(""), ...queues];
      await link.run((redis) => announceScript(redis, [keys.consumer(consumer)], args));
    },
    async withdraw(consumer) {
      const args = [consumer, 0, keys.consumers("")];
      await link.run((redis) => announceScript(redis, [keys.consumer(consumer)], args));
    },

    describe: () => ({
      transport: "redis",
      hostname: server.host,
      port: server.port,
      virtualHost: String(server.db),
      userid: server.username ?? null,
      ssl: server.tls !== undefined,
    }),
  };
}

const announceScript = redisScript<null>(import.meta.url, "announce");
