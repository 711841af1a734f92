import type { Envelope } from "../message/envelope.ts";
import { writeEnvelope } from "../message/envelope-text.ts";
import type { Address, Broker, Mailbox, QueueDeclaration } from "./broker.ts";
import type { FanoutInbox } from "./fanout-inbox.ts";
import { oneTrip } from "./one-trip.ts";
import { directQueue } from "./queue-declaration.ts";
import type { RedisConnectionOptions, RedisLink } from "./redis-connection.ts";
import { RedisError } from "./redis-errors.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { redisMailbox } from "./redis-mailbox.ts";
import { redisScript } from "./redis-script.ts";
import type { RedisSubscriber } from "./redis-subscriber.ts";
import { topicPattern } from "./topic-pattern.ts";
import { Unroutable } from "./unroutable.ts";

export interface RedisExchanges
  extends Pick<Broker, "declare" | "undeclare" | "publish" | "broadcast" | "listen" | "answer" | "openMailbox"> {
  /** Records all bindings again: the Redis behind the connection may be another one, or have been flushed. */
  bind(): Promise<void>;
  /** Where a queue is bound as far as we know: the exchange of its own name, if it was not declared otherwise here. */
  exchangeOf(queue: string): string;
  /** Ends all listening, and takes away the bindings of what nobody listens to any more, if Redis can be reached. */
  close(): Promise<void>;
}

/** A member of the set that is kombu's table of an exchange. */
interface Binding {
  key: string;
  member: string;
}

/**
 * The part of the Redis broker that knows exchanges: what is bound to them, and what is sent through them.
 *
 * @param inbox  gets what comes to the fanout queues that are declared
 */
export function redisExchanges(
  link: RedisLink,
  subscriber: RedisSubscriber,
  keys: RedisKeys,
  options: RedisConnectionOptions,
  inbox: FanoutInbox,
): RedisExchanges {
  const declared = new Map<string, { declaration: QueueDeclaration; binding: Binding }>();
  const bindings = new Set<Binding>();
  /** Exchanges of which we know that they are fanouts: nothing in Redis tells. */
  const fanouts = new Set<string>();
  const mailboxes = new Set<Mailbox>();

  function record(exchange: string, routingKey: string, pattern: string, queue: string): Binding {
    const binding = { key: keys.binding(exchange), member: keys.bindingMember(routingKey, pattern, queue) };
    bindings.add(binding);
    return binding;
  }

  async function bind(): Promise<void> {
    const members = Map.groupBy(bindings, ({ key }) => key);
    await link.run((redis) =>
      Promise.all([...members].map(([key, some]) => redis.sadd(key, ...some.map(({ member }) => member)))),
    );
  }

  /** @throws {RedisError} CDT-REDIS-WRONG-TYPE where the broker itself keeps something */
  function requireFreeName(queue: string): void {
    if (!keys.isTaken(queue)) return;
    throw new RedisError("wrong-type", `there cannot be a queue ${queue}: the broker keeps something else there`);
  }

  /** @throws {RedisError} CDT-REDIS-WRONG-TYPE where something else than a list has the name of one of the queue's */
  async function requireLists(queue: string): Promise<void> {
    const types = await link.run((redis) => Promise.all(keys.lists(queue).map((list) => redis.type(list))));
    const other = types.find((type) => type !== "list" && type !== "none");
    if (other === undefined) return;
    forget(queue);
    throw new RedisError("wrong-type", `there cannot be a queue ${queue}: Redis has a ${other} of that name`);
  }

  async function unbind(binding: Binding): Promise<void> {
    bindings.delete(binding);
    await link.run((redis) => redis.srem(binding.key, binding.member));
  }

  function subscribe(
    exchange: string,
    routingKey: string,
    listener: (raw: string) => void,
  ): Promise<() => Promise<void>> {
    const to = /[#*]/.test(routingKey)
      ? { pattern: keys.channelPattern(exchange, routingKey) }
      : keys.channel(exchange, routingKey);
    return subscriber.subscribe(to, listener);
  }

  function forget(queue: string): Binding | undefined {
    const known = declared.get(queue);
    declared.delete(queue);
    if (known) bindings.delete(known.binding);
    return known?.binding;
  }

  async function undeclare(queues: readonly string[]): Promise<void> {
    for (const queue of queues) {
      const binding = forget(queue);
      if (!inbox.has(queue)) continue;
      await inbox.remove(queue);
      if (binding) await unbind(binding);
    }
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

    exchangeOf: (queue) => declared.get(queue)?.declaration.exchange ?? queue,

    async declare(queues) {
      const fresh: string[] = [];
      for (const queue of queues) {
        const declaration = typeof queue === "string" ? directQueue(queue) : queue;
        const { name, exchange, exchangeType, routingKey } = declaration;
        requireFreeName(name);
        if (!declared.has(name)) fresh.push(name);
        forget(name);
        const pattern = exchangeType === "topic" ? topicPattern(routingKey) : "";
        declared.set(name, { declaration, binding: record(exchange, routingKey, pattern, name) });
        if (exchangeType !== "fanout") continue;
        fanouts.add(exchange);
        inbox.add(name, () => subscribe(exchange, routingKey, (raw) => inbox.put(name, raw)));
      }
      await bind();
      await Promise.all(fresh.map(requireLists));
    },
    undeclare,
    async close() {
      await Promise.allSettled([undeclare([...declared.keys()]), ...[...mailboxes].map((mailbox) => mailbox.close())]);
    },

    async publish(address, envelope) {
      if (typeof address !== "string" && fanouts.has(address.exchange)) {
        await broadcast(address.exchange, address.routingKey, envelope);
        return;
      }
      if (typeof address === "string") requireFreeName(address);
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
          await unbind(binding);
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
      const mailbox = await redisMailbox(options, list, async () => {
        mailboxes.delete(mailbox);
        await unbind(binding);
        await link.run((redis) => redis.del(list));
      });
      mailboxes.add(mailbox);
      return mailbox;
    },
  };
}

/** Messages that go in one command at most. */
const mostAtOnce = 50;

const scripts = {
  publish: redisScript<(number | Error)[]>(import.meta.url, "publish", "routing"),
  answer: redisScript<number>(import.meta.url, "answer"),
};
