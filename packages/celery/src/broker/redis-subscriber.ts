import type { Redis } from "ioredis";
import { type RedisConnectionOptions, redisLink } from "./redis-connection.ts";
import type { RedisError } from "./redis-errors.ts";

/** Called with the text of a published message and the channel it came by. */
export type ChannelListener = (raw: string, channel: string) => void;

/** One connection that listens to channels. It is opened by the first subscription, and mends itself. */
export interface RedisSubscriber {
  /** Opens the connection, if it is not. Tries once. @throws {RedisError} or the signal's reason */
  connect(signal?: AbortSignal): Promise<void>;
  /**
   * Listens to a channel, or to all that match a pattern (Redis' globs: `*`, `?`, `[...]`), until the returned function is
   * called. Resolves when Redis has confirmed it: whatever is published from then on is heard, except while the
   * connection is down.
   *
   * @throws {RedisError} when it cannot be done now; then nothing is left of it
   */
  subscribe(to: string | { pattern: string }, listener: ChannelListener): Promise<() => Promise<void>>;
  /** Called when all subscriptions are back after a loss: what was published in between has not been heard. */
  onResubscribed(listener: () => void): void;
  /** Called when the connection is lost. */
  onLost(listener: (error: RedisError | undefined) => void): void;
  close(): void;
}

/** Makes a subscriber, not yet connected. */
export function redisSubscriber(options: RedisConnectionOptions): RedisSubscriber {
  const link = redisLink(options);
  const channels = subscriptions("subscribe", "unsubscribe");
  const patterns = subscriptions("psubscribe", "punsubscribe");
  const resubscribed = new Set<() => void>();

  link.onReady(async (redis) => {
    redis.on("message", (channel: string, raw: string) => channels.tell(channel, raw, channel));
    redis.on("pmessage", (pattern: string, channel: string, raw: string) => patterns.tell(pattern, raw, channel));
    if (channels.isEmpty() && patterns.isEmpty()) return;
    try {
      await Promise.all([channels.restore(redis), patterns.restore(redis)]);
    } catch {
      // The connection broke again; the next one does it. One that forbids it is of no use.
      redis.disconnect();
      return;
    }
    for (const listener of resubscribed) listener();
  });

  return {
    connect: (signal) => link.connect(signal),
    async subscribe(to, listener) {
      await link.connect();
      const [kind, name] = typeof to === "string" ? [channels, to] : [patterns, to.pattern];
      const stop = await link.run((redis) => kind.add(redis, name, listener));
      // While the connection is down there is nothing to stop but our own listening.
      return () => link.run(stop).catch(() => {});
    },
    onResubscribed(listener) {
      resubscribed.add(listener);
    },
    onLost: (listener) => link.onLost(listener),
    close: () => link.close(),
  };
}

/** The subscriptions of one kind: who listens to which name. */
function subscriptions(begin: "subscribe" | "psubscribe", end: "unsubscribe" | "punsubscribe") {
  const listeners = new Map<string, Set<ChannelListener>>();

  function remove(name: string, listener: ChannelListener): boolean {
    const others = listeners.get(name);
    if (!others?.delete(listener) || others.size > 0) return false;
    return listeners.delete(name);
  }

  return {
    isEmpty: () => listeners.size === 0,
    tell(name: string, raw: string, channel: string): void {
      for (const listener of listeners.get(name) ?? []) listener(raw, channel);
    },
    async restore(redis: Redis): Promise<void> {
      if (listeners.size > 0) await redis[begin](...listeners.keys());
    },
    async add(redis: Redis, name: string, listener: ChannelListener): Promise<(redis: Redis) => Promise<void>> {
      // Each call is a subscription of its own, even with the same function.
      const own: ChannelListener = (raw, channel) => listener(raw, channel);
      const known = listeners.get(name);
      listeners.set(name, (known ?? new Set()).add(own));
      try {
        // Asked again for a known name too: its first subscription may not be confirmed yet.
        await redis[begin](name);
      } catch (error) {
        remove(name, own);
        throw error;
      }
      return async (now) => {
        if (remove(name, own)) await now[end](name);
      };
    },
  };
}
