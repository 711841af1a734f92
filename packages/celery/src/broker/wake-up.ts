import { type RedisConnectionOptions, type RedisLink, redisLink } from "./redis-connection.ts";

/** Waits for messages without taking them. */
export interface WakeUp {
  /** Fulfilled when one of the lists may hold a message, when `timeout` ms are over, and when the signal aborts. */
  wait(lists: readonly string[], timeout: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * One blocked `BLMOVE key key RIGHT RIGHT` a list, each on a connection of its own and shared by all who wait. It takes
 * the oldest message and puts it back in the same place in one step, so it wakes us within a millisecond of a publish
 * and moves nothing; a Python BRPOP that is blocked beside it gets the message all the same.
 *
 * A watcher that nobody has needed for a while closes its connection.
 */
export function wakeUp(options: RedisConnectionOptions): WakeUp {
  const watchers = new Map<string, Watcher>();
  const waiting = new Set<{ lists: ReadonlySet<string>; wake: () => void }>();
  let closed = false;

  function isWanted(list: string): boolean {
    return waiting.values().some((waiter) => waiter.lists.has(list));
  }

  function woken(list: string): void {
    for (const waiter of waiting) if (waiter.lists.has(list)) waiter.wake();
  }

  return {
    wait(lists, timeout, signal) {
      return new Promise((resolve) => {
        if (closed || signal.aborted) return resolve();
        const waiter = { lists: new Set(lists), wake };
        const timer = setTimeout(wake, timeout);
        signal.addEventListener("abort", wake, { once: true });
        waiting.add(waiter);
        for (const list of lists) {
          if (!watchers.has(list)) watchers.set(list, watch(list));
          watchers.get(list)?.go(blockSeconds(watchers.size));
        }

        function wake(): void {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          waiting.delete(waiter);
          resolve();
        }
      });
    },
    close() {
      closed = true;
      for (const watcher of watchers.values()) watcher.stop();
      for (const waiter of waiting) waiter.wake();
      watchers.clear();
    },
  };

  function watch(list: string): Watcher {
    return startWatcher(list, options, {
      isWanted: () => isWanted(list),
      woken: () => woken(list),
      ended: () => watchers.delete(list),
    });
  }
}

/** Longer blocks where there are many lists: an idle consumer stays below ten commands a second. */
function blockSeconds(lists: number): number {
  return Math.min(longestBlock, Math.max(5, Math.ceil(lists / 10)));
}

interface Watcher {
  /** Blocks, unless it is at it. */
  go(seconds: number): void;
  stop(): void;
}

/** How long a connection is kept that nobody waits on: a busy consumer pops without waiting. */
const linger = 30_000;

/** A lost answer is noticed this many ms after the time at which Redis had to give one. */
const grace = 5_000;

/** The longest a list is ever blocked on, in s. */
const longestBlock = 60;

function startWatcher(
  list: string,
  options: RedisConnectionOptions,
  events: { isWanted(): boolean; woken(): void; ended(): void },
): Watcher {
  let link: RedisLink | undefined;
  let busy = false;
  let stopped = false;
  let idle: NodeJS.Timeout | undefined;

  async function block(seconds: number): Promise<void> {
    busy = true;
    clearTimeout(idle);
    while (!stopped && events.isWanted()) {
      try {
        link ??= await open();
        const found = await peek(link, seconds);
        if (found !== null) events.woken();
      } catch {
        // Nobody is told: whoever waits pops when its time is over, and learns from that what is wrong.
        link?.close();
        link = undefined;
        if (!stopped) await pause(retryAfter);
      }
    }
    busy = false;
    if (stopped) return;
    idle = setTimeout(stop, linger);
    idle.unref();
  }

  async function open(): Promise<RedisLink> {
    const opened = redisLink(options, longestBlock * 1000 + grace);
    await opened.connect();
    // Stopped while connecting: nobody would ever close it.
    if (stopped) opened.close();
    return opened;
  }

  /** Answers null when nothing came. Rejects when Redis should have answered and has not. */
  async function peek(open: RedisLink, seconds: number): Promise<unknown> {
    const deadline = setTimeout(() => open.close(), seconds * 1000 + grace);
    try {
      return await open.run((redis) => redis.call("BLMOVE", list, list, "RIGHT", "RIGHT", String(seconds)));
    } finally {
      clearTimeout(deadline);
    }
  }

  function stop(): void {
    stopped = true;
    clearTimeout(idle);
    link?.close();
    events.ended();
  }

  return {
    go(seconds) {
      if (!busy) void block(seconds);
    },
    stop,
  };
}

/** Time between attempts to connect, in ms. */
const retryAfter = 250;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
