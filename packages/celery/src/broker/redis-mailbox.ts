import type { Mailbox } from "./broker.ts";
import { type RedisConnectionOptions, redisLink } from "./redis-connection.ts";

/** Longest time that one command waits for an answer in the list, in s: short enough to notice a dead connection in 10 s. */
const longestBlock = 3;

/**
 * Takes what arrives in one list, on a connection of its own.
 *
 * @param remove  takes list and binding away
 */
export async function redisMailbox(
  options: RedisConnectionOptions,
  list: string,
  remove: () => Promise<void>,
): Promise<Mailbox> {
  const link = redisLink(options, longestBlock * 2000);
  await link.connect();
  let closed = false;
  /** What Redis was asked for and nobody has got: it outlives a `receive` that gave up, so that no answer is lost. */
  let asked: Promise<string | undefined> | undefined;

  async function ask(seconds: number): Promise<string | undefined> {
    return (await link.run((redis) => redis.brpop(list, seconds)))?.[1];
  }

  return {
    async receive(timeout, signal) {
      const deadline = performance.now() + timeout;
      while (!closed && !signal?.aborted) {
        const left = deadline - performance.now();
        if (left <= 0) break;
        const asking = asked ?? ask(Math.min(longestBlock, Math.max(0.01, left / 1000)));
        asked = asking;
        // When its receiver has given up, nobody hears how it ended.
        asking.catch(() => {});
        if (!(await endsBefore(asking, left, signal))) break;
        asked = undefined;
        const answer = await asking.catch((error: unknown) => {
          if (!closed) throw error;
        });
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
    async close() {
      closed = true;
      link.close();
      await remove();
    },
  };
}

/** False when `ms` were over, or the signal aborted, before the promise was settled. */
async function endsBefore(work: Promise<unknown>, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  const gaveUp = Promise.withResolvers<false>();
  const giveUp = () => gaveUp.resolve(false);
  const timer = setTimeout(giveUp, ms);
  signal?.addEventListener("abort", giveUp, { once: true });
  const ended = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, gaveUp.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}
