import { type RedisConnectionOptions, redisLink } from "../broker/redis-connection.ts";

/** One connection that listens to channels; it is opened when the first one is listened to. */
export interface RedisBells {
  at(channel: string): Bell;
  close(): void;
}

export interface Bell {
  /** Subscribes, if it is not. Never rejects: whoever waits looks by himself from time to time, too. */
  listen(): Promise<void>;
  /** Fulfilled by the next message. */
  rung(): Promise<void>;
  stop(): void;
}

export function redisBells(options: RedisConnectionOptions): RedisBells {
  const link = redisLink(options);
  const listeners = new Map<string, Set<() => void>>();
  /** Channels of which Redis has said that we are subscribed; ioredis subscribes to them again after a reconnect. */
  const subscribed = new Set<string>();
  let connecting: Promise<void> | undefined;

  link.onMessage((channel) => {
    for (const ring of listeners.get(channel) ?? []) ring();
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
    at(channel) {
      let ring = () => {};
      const heard = () => ring();
      const others = listeners.get(channel) ?? new Set();
      listeners.set(channel, others.add(heard));
      return {
        listen: () => subscribe(channel),
        rung: () =>
          new Promise((resolve) => {
            ring = resolve;
          }),
        stop() {
          others.delete(heard);
          if (others.size > 0) return;
          listeners.delete(channel);
          if (subscribed.delete(channel)) void link.run((redis) => redis.unsubscribe(channel)).catch(() => {});
        },
      };
    },
    close: () => link.close(),
  };
}
