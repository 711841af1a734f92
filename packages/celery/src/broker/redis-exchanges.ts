import type { Envelope } from "../message/envelope.ts";
import { writeEnvelope } from "../message/envelope-text.ts";
import type { Address, Broker } from "./broker.ts";
import { oneTrip } from "./one-trip.ts";
import { directQueue } from "./queue-declaration.ts";
import type { RedisConnectionOptions, RedisLink } from "./redis-connection.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { redisMailbox } from "./redis-mailbox.ts";
import { redisScript } from "./redis-script.ts";
import type { RedisSubscriber } from "./redis-subscriber.ts";
import { topicPattern } from "./topic-pattern.ts";
import { Unroutable } from "./unroutable.ts";

export interface RedisExchanges
  extends Pick<Broker, "declare" | "publish" | "broadcast" | "listen" | "answer" | "openMailbox"> {
  /** Records all bindings again: the Redis behind the connection may be another one, or have been flushed. */
  bind(): Promise<void>;
}

/**
 * The part of the Redis broker that knows exchanges: what is bound to them, and what is sent through them.
 *
 * @param arrived  called with what comes to a declared fanout queue
 */
export function redisExchanges(
  link: RedisLink,
  subscriber: RedisSubscriber,
  keys: RedisKeys,
  options: RedisConnectionOptions,
  fanout: { add(queue: string): void; put(queue: string, raw: string): void },
): RedisExchanges {
  /** What has to be there: key of an exchange's binding → members. */
  const bindings = new Map<string, Set<string>>();
  const fanoutExchanges = new Set<string>();
  const fanoutQueues = new Map<string, Promise<unknown>>();

  async function bind(): Promise<void> {
    const members = [...bindings].filter(([, wanted]) => wanted.size > 0);
    await link.run((redis) => Promise.all(members.map(([key, wanted]) => redis.sadd(key, ...wanted))));
  }

  function record(exchange: string, routingKey: string, pattern: string, queue: string): { remove(): Promise<void> } {
    const key = keys.binding(exchange);
    const member = keys.bindingMember(routingKey, pattern, queue);
    bindings.set(key, (bindings.get(key) ?? new Set()).add(member));
    return {
      async remove() {
        bindings.get(key)?.delete(member);
        await link.run((redis) => redis.srem(key, member));
      },
    };
  }

  function subscribe(exchange: string, routingKey: string, listener: (raw: string) => void) {
    const isPattern = /[#*]/.test(routingKey);
    const pattern = () => ({ pattern: keys.channelPattern(exchange, routingKey) });
    return subscriber.subscribe(isPattern ? pattern() : keys.channel(exchange, routingKey), listener);
  }

  function broadcast(exchange: string, routingKey: string, envelope: Envelope): Promise<number> {
    return link.run((redis) => redis.publish(keys.channel(exchange, routingKey), writeEnvelope(envelope)));
  }

  const publishTogether = oneTrip(async (calls: readonly { address: Address; list: string; text: string }[]) => {
    const args = calls.flatMap(({ address, list, text }) => {
      const { exchange, routingKey } = typeof address === "string" ? { exchange: "", routingKey: address } : address;
      return [exchange, routingKey, list, text];
    });
    return await link.run((redis) => scripts.publish(redis, [], [keys.layout, ...args]));
  }, mostAtOnce);

  return {
    bind,

    async declare(queues) {
      for (const queue of queues) {
        const { name, exchange, exchangeType, routingKey } = typeof queue === "string" ? directQueue(queue) : queue;
        record(exchange, routingKey, exchangeType === "topic" ? topicPattern(routingKey) : "", name);
        if (exchangeType !== "fanout") continue;
        fanoutExchanges.add(exchange);
        fanout.add(name);
        if (!fanoutQueues.has(name)) {
          const subscribing = subscribe(exchange, routingKey, (raw) => fanout.put(name, raw));
          fanoutQueues.set(name, subscribing);
          subscribing.catch(() => fanoutQueues.delete(name));
        }
      }
      await Promise.all([bind(), ...fanoutQueues.values()]);
    },

    async publish(address, envelope) {
      if (typeof address !== "string" && fanoutExchanges.has(address.exchange)) {
        await broadcast(address.exchange, address.routingKey, envelope);
        return;
      }
      const list = keys.listEnding(envelope.properties.priority ?? 0);
      const answer = await publishTogether({ address, list, text: writeEnvelope(envelope) });
      if (answer instanceof Error) await link.run(() => Promise.reject(answer));
      if (answer === 0 && typeof address !== "string") throw new Unroutable(address.exchange, address.routingKey);
    },

    broadcast,

    async listen({ exchange, routingKey, queue }, listener) {
      const stop = await subscribe(exchange, routingKey, listener);
      const binding = record(exchange, routingKey, "", queue);
      await bind();
      return {
        async stop() {
          await stop();
          await binding.remove();
        },
      };
    },

    async answer(exchange, routingKey, envelope, ttl) {
      const args = [routingKey, writeEnvelope(envelope), Math.ceil(ttl), keys.layout];
      return (await link.run((redis) => scripts.answer(redis, [keys.binding(exchange)], args))) > 0;
    },

    async openMailbox(exchange, routingKey) {
      // As kombu's pidbox names it.
      const queue = `${routingKey}.${exchange}`;
      const list = keys.list(queue, 0);
      const binding = record(exchange, routingKey, "", queue);
      await bind();
      return await redisMailbox(options, list, async () => {
        await binding.remove();
        await link.run((redis) => redis.del(list));
      });
    },
  };
}

/** Messages that go in one command at most. */
const mostAtOnce = 50;

const scripts = {
  publish: redisScript<(number | Error)[]>(import.meta.url, "publish", "routing"),
  answer: redisScript<number>(import.meta.url, "answer"),
};
