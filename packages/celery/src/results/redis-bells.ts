import { type RedisConnectionOptions, redisLink } from "../broker/redis-connection.ts";

/** One connection that listens to channels; it is opened when the first one is listened to. */
export interface RedisBells {
  /** @param heard  called with every message of the channel once {@link Bell.listen} has fulfilled */
  at(channel: string, heard: (message: string) => void): Bell;
  close(): void;
}

export interface Bell {
  /** Subscribes, if it is not. Never rejects: whoever waits looks by himself from time to time, too. */
  listen(): Promise<void>;
  stop(): void;
}

export function redisBells(options: RedisConnectionOptions): RedisBells {
  const link = redisLink(options);
  const listeners = new Map<string, Set<(message: string) => void>>();
  /** Channels of which Redis has said, on this connection, that we are subscribed. */
  const subscribed = new Set<string>();
  let connecting: Promise<void> | undefined;

  link.onLost(() => subscribed.clear());
  link.onMessage((channel, message) => {
    for (const heard of listeners.get(channel) ?? []) heard(message);
  });

  async function subscribe(channel: string): Promise<void> {
    if (subscribed.has(channel)) return;
    try {
      connecting ??= link.connect().finally(() => {
        connecting = undefined;
      });
      await connecting;
      await link.run((redis) => redis.subscribe(channel));
      if (listeners.has(channel)) subscribed.add(channel);
      else await link.run((redis) => redis.unsubscribe(channel));
    } catch {
      // Tried again at the next look.
    }
  }

  return {
    at(channel, heard) {
      // A function of its own: two who wait may hear with the same one.
      const listener = (message: string) => heard(message);
      const others = listeners.get(channel) ?? new Set();
      listeners.set(channel, others.add(listener));
      return {
        listen: () => subscribe(channel),
        stop() {
          others.delete(listener);
          if (others.size > 0) return;
          listeners.delete(channel);
          if (subscribed.delete(channel)) void link.run((redis) => redis.unsubscribe(channel)).catch(() => {});
        },
      };
    },
    close: () => link.close(),
  };
}
