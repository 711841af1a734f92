import { setTimeout as pause } from "node:timers/promises";
import { type RedisConnectionOptions, redisLink } from "./redis-connection.ts";
import type { RedisError } from "./redis-errors.ts";

/** Waits for messages without taking them. */
export interface WakeUp {
  /** Fulfilled when one of the lists may hold a message, when `timeout` ms are over, and when the signal aborts. */
  wait(lists: readonly string[], timeout: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

interface Waiter {
  readonly lists: readonly string[];
  wake(): void;
}

/** The channel by which Redis tells RESP2 clients of changed keys. */
const invalidations = "__redis__:invalidate";

/** Between two questions where Redis does not let us track, in ms. */
const pollEvery = 100;

/** Between attempts to connect before the first success, in ms. */
const retryAfter = 250;

/**
 * Waits by Redis' own invalidation of client caches (`CLIENT TRACKING`, Redis 6): who has asked whether some keys exist is
 * told when one of them changes. Asking is one EXISTS for however many lists, being told costs no command at all, and
 * nobody else notices: no message is moved, and a Python BRPOP that is blocked on the same list gets it all the same.
 *
 * Two connections serve any number of lists and of those who wait: one asks, and one is told, since RESP2 tells of changes
 * on a subscription only. Where a user of Redis may not track, the lists are asked after ten times a second.
 */
export function wakeUp(options: RedisConnectionOptions): WakeUp {
  const asking = redisLink(options);
  const told = redisLink(options);
  const waiters = new Set<Waiter>();
  /** Lists that were empty when we asked, and of which Redis has told us nothing since. */
  const empty = new Set<string>();
  let hearing: "nothing" | "changes" | "by asking" = "nothing";
  /** The id by which Redis knows the connection that is told. */
  let listener: number | undefined;
  let isOpening = false;
  let poller: NodeJS.Timeout | undefined;
  let closed = false;

  told.onReady(async (redis) => {
    redis.on("messageBuffer", (_channel: Buffer, keys: readonly Buffer[] | null) => changed(keys));
    try {
      [listener] = await Promise.all([redis.client("ID"), redis.subscribe(invalidations)]);
    } catch {
      // Either the connection has broken again, or the user of Redis may not subscribe.
      listener = undefined;
    }
    await track();
  });
  told.onLost(() => {
    listener = undefined;
    forget();
  });
  asking.onReady(track);
  asking.onLost(forget);

  function forget(): void {
    hearing = "nothing";
    empty.clear();
  }

  async function track(): Promise<void> {
    const redirect = listener;
    forget();
    try {
      if (redirect !== undefined) {
        await asking.run((redis) => redis.call("CLIENT", "TRACKING", "ON", "REDIRECT", redirect));
        // Another connection is told by now: it makes us track again.
        if (redirect !== listener) return;
      }
      hearing = redirect === undefined ? "by asking" : "changes";
    } catch (error) {
      if ((error as RedisError).fault === "unreachable") return;
      hearing = "by asking";
    }
    for (const waiter of waiters) ask(waiter);
  }

  /** Asks after the lists of which we do not know that they are empty. */
  function ask(waiter: Waiter): void {
    const unknown = waiter.lists.filter((list) => !empty.has(list));
    if (unknown.length === 0) return;
    // Redis tells of what comes after the question, and that may reach us before the answer does.
    if (hearing === "changes") for (const list of unknown) empty.add(list);
    else if (hearing === "by asking") poll();
    const notEmpty = () => {
      for (const list of unknown) empty.delete(list);
    };
    asking
      .run((redis) => redis.exists(...unknown))
      .then((found) => {
        if (found === 0) return;
        notEmpty();
        wakeThoseOf(unknown);
      }, notEmpty);
  }

  function changed(keys: readonly Buffer[] | null): void {
    if (keys === null) {
      // The whole database was flushed.
      empty.clear();
      for (const waiter of waiters) waiter.wake();
      return;
    }
    const lists = keys.map(String);
    for (const list of lists) empty.delete(list);
    wakeThoseOf(lists);
  }

  function wakeThoseOf(lists: readonly string[]): void {
    for (const waiter of waiters) if (lists.some((list) => waiter.lists.includes(list))) waiter.wake();
  }

  function poll(): void {
    poller ??= setInterval(() => {
      if (hearing === "by asking" && waiters.size > 0) {
        for (const waiter of waiters) ask(waiter);
      } else {
        clearInterval(poller);
        poller = undefined;
      }
    }, pollEvery).unref();
  }

  /** Connects, and tries again while somebody waits. Nobody is told of failures: who waits pops when its time is over, and learns then. */
  async function open(): Promise<void> {
    if (isOpening) return;
    isOpening = true;
    while (!closed && waiters.size > 0) {
      try {
        await Promise.all([asking.connect(), told.connect()]);
        break;
      } catch {
        await pause(retryAfter);
      }
    }
    isOpening = false;
  }

  return {
    wait(lists, timeout, signal) {
      return new Promise((resolve) => {
        if (closed || signal.aborted) return resolve();
        const waiter = { lists, wake };
        const timer = setTimeout(wake, timeout);
        signal.addEventListener("abort", wake, { once: true });
        waiters.add(waiter);
        if (hearing === "nothing") void open();
        else ask(waiter);

        function wake(): void {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          waiters.delete(waiter);
          resolve();
        }
      });
    },
    close() {
      closed = true;
      clearInterval(poller);
      for (const waiter of waiters) waiter.wake();
      asking.close();
      told.close();
    },
  };
}
