import { createHash, randomBytes } from "node:crypto";
import type { Broker, DeadLetter, Delivery } from "./broker.ts";
import type { RedisLink } from "./redis-connection.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { redisScript } from "./redis-script.ts";

export interface RedisDeadLetters
  extends Pick<Broker, "deadLetters" | "findDeadLetter" | "requeueDeadLetter" | "dropDeadLetter"> {
  /** Adds a message that was never held in Redis. */
  keep(delivery: Delivery, reason: string, text: string): Promise<void>;
}

/** The part of the Redis broker that shows and empties the list of dead letters, which is for people: it is looked through. */
export function redisDeadLetters(link: RedisLink, keys: RedisKeys, limit = defaultDeadLetterLimit): RedisDeadLetters {
  async function seek(id: string, act: "find" | "requeue" | "drop"): Promise<string | undefined> {
    for (let first = 0; ; first += step) {
      const args = [first, first + step - 1, id, act, keys.layout];
      const [seen, entry] = await link.run((redis) => scripts.seek(redis, [keys.deadLetters], args));
      if (entry !== null) return entry;
      if (seen < step) return undefined;
    }
  }

  return {
    async keep({ queue, raw }, reason, text) {
      const letter: DeadLetter = { id: newDeadLetterId(), reason, text, queue, at: new Date().toISOString(), raw };
      await link.run((redis) =>
        redis
          .multi()
          .lpush(keys.deadLetters, JSON.stringify(letter))
          .ltrim(keys.deadLetters, 0, limit - 1)
          .exec(),
      );
    },
    async deadLetters(most = 100) {
      const entries = await link.run((redis) => redis.lrange(keys.deadLetters, 0, most - 1));
      return entries.map(readLetter);
    },
    async findDeadLetter(id) {
      const entry = await seek(id, "find");
      return entry === undefined ? undefined : readLetter(entry);
    },
    requeueDeadLetter: async (id) => (await seek(id, "requeue")) !== undefined,
    dropDeadLetter: async (id) => (await seek(id, "drop")) !== undefined,
  };
}

export function newDeadLetterId(): string {
  return randomBytes(6).toString("hex");
}

export const defaultDeadLetterLimit = 100_000;

function readLetter(entry: string): DeadLetter {
  return { id: createHash("sha1").update(entry).digest("hex").slice(0, 12), ...JSON.parse(entry) };
}

/** Letters that one script looks at: a message may be long, and Redis serves nobody else meanwhile. */
const step = 50;

const scripts = {
  seek: redisScript<[seen: number, entry: string | null]>(import.meta.url, "seek-dead-letter", "json-text", "message"),
};
