import { randomBytes } from "node:crypto";
import { writeEnvelope } from "../message/envelope-text.ts";
import { defaultLimits, type MessageLimits } from "../message/inert-json.ts";
import type { Broker, Renewed, Settled } from "./broker.ts";
import { readDelivery } from "./delivery.ts";
import { leaseBook } from "./lease-book.ts";
import { oneTrip } from "./one-trip.ts";
import type { RedisLink } from "./redis-connection.ts";
import { defaultDeadLetterLimit, newDeadLetterId } from "./redis-dead-letters.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { type RedisScript, redisScript } from "./redis-script.ts";

export interface RedisHoldingOptions {
  /** Length of a lease in ms; 60,000 by default. */
  lease?: number;
  /** After how many seconds kombu's peers take an entry of theirs for orphaned; 3600 by default, as there. */
  visibilityTimeout?: number;
  /** What is read of a message at most; beyond it a delivery has no envelope. */
  limits?: MessageLimits;
  /**
   * Dead letters that are kept at most, the newest; 100,000 by default. Without a limit one producer of rubbish could fill
   * Redis for all; with it everything that a person can still look through is there.
   */
  deadLetterLimit?: number;
}

export const defaultLease = 60_000;

/**
 * The part of the Redis broker that takes messages, holds them under a lease, settles them and gives back the dead's.
 *
 * @param buriedTooMany  called when a dead letter had to go for another
 */
export function redisHolding(
  link: RedisLink,
  keys: RedisKeys,
  options: RedisHoldingOptions,
  buriedTooMany: () => void = () => {},
): Pick<Broker, "pop" | "renew" | "acknowledge" | "requeue" | "park" | "retry" | "deadLetter" | "restoreOrphans"> {
  const { lease = defaultLease, visibilityTimeout = 3600, limits = defaultLimits } = options;
  const { deadLetterLimit = defaultDeadLetterLimit } = options;
  const book = leaseBook(lease, () => performance.now());
  const held = [keys.unacked, keys.unackedIndex, keys.leases];

  /** Runs a settling script for a message that we hold; LOST without asking when our lease may have ended. */
  async function settle(
    script: RedisScript<0 | 1 | 2>,
    tag: string,
    more: { keys?: string[]; args?: (string | number)[] } = {},
  ): Promise<Settled> {
    const mine = book.find(tag);
    if (!mine) return "LOST";
    const args = [tag, mine.holder, ...(more.args ?? [])];
    const answer = await link.run((redis) => script(redis, [...held, ...(more.keys ?? [])], args));
    book.forget(tag, mine);
    if (answer === 2) buriedTooMany();
    return answer === 0 ? "LOST" : "DONE";
  }

  /** As {@link settle}, with a script that takes many: what is asked in one turn goes together. */
  function settleTogether<Extra extends readonly (string | number)[]>(
    script: RedisScript<(0 | 1)[]>,
    more: readonly string[] = [],
  ): (tag: string, ...extra: Extra) => Promise<Settled> {
    const ask = oneTrip(
      (calls: readonly (readonly (string | number)[])[]) =>
        link.run((redis) => script(redis, [...held, ...more], calls.flat())),
      mostAtOnce,
    );
    return async (tag, ...extra) => {
      const mine = book.find(tag);
      if (!mine) return "LOST";
      const done = await ask([tag, mine.holder, ...extra]);
      book.forget(tag, mine);
      return done === 1 ? "DONE" : "LOST";
    };
  }

  const acknowledge = settleTogether<[]>(scripts.acknowledge);
  const park = settleTogether<[due: string]>(scripts.park, [keys.parked]);

  return {
    async pop(queues, { max = 1, rotate = false } = {}) {
      // Priority wins over queue, as in kombu: all first lists, then all second ones.
      const lists = keys.steps.flatMap((step) => queues.map((queue) => keys.list(queue, step)));
      const holder = randomBytes(12).toString("base64url");
      const most = Math.min(max, mostAtOnce);
      const since = performance.now();
      const popped = await link.run((redis) =>
        scripts.pop(redis, [...held, ...lists], [lease / 1000, holder, most, rotate ? 1 : 0, ...queues]),
      );
      return popped.map(([tag, number, raw]) => {
        const queue = queues[number - 1]!;
        book.keep(tag, { holder, queue }, since);
        return readDelivery(tag, queue, raw, limits);
      });
    },

    async renew(tags) {
      const answers = new Map<string, Renewed>(tags.map((tag) => [tag, "LOST"]));
      const ours = tags.map((tag) => ({ tag, mine: book.find(tag) })).filter(({ mine }) => mine !== undefined);
      for (let first = 0; first < ours.length; first += mostAtOnce) {
        const some = ours.slice(first, first + mostAtOnce);
        const since = performance.now();
        const args = some.flatMap(({ tag, mine }) => [tag, mine!.holder]);
        const renewed = await link.run((redis) => scripts.renew(redis, held, [lease / 1000, ...args]));
        for (const [i, { tag, mine }] of some.entries()) {
          if (renewed[i] === 1) {
            answers.set(tag, "RENEWED");
            book.keep(tag, mine!, since);
          } else book.forget(tag, mine!);
        }
      }
      return answers;
    },

    acknowledge,
    requeue: (tag, { death = false } = {}) => settle(scripts.requeue, tag, { args: [keys.layout, death ? 1 : 0] }),
    park: (tag, until) => park(tag, (until.getTime() / 1000).toFixed(6)),
    retry: (tag, queue, next) =>
      settle(scripts.retry, tag, {
        keys: [keys.list(queue, next.properties.priority ?? 0)],
        args: [writeEnvelope(next)],
      }),
    async deadLetter(tag, reason, text) {
      if (!book.find(tag)) return "LOST";
      const at = (await serverTime()).toISOString();
      return await settle(scripts.deadLetter, tag, {
        keys: [keys.deadLetters],
        args: [newDeadLetterId(), reason, text, at, deadLetterLimit],
      });
    },

    async restoreOrphans() {
      const sets = [...held, keys.parked, keys.unackedMutex];
      const total = { restored: 0, due: 0, nextDue: undefined as Date | undefined };
      for (let upto = "", staying = 0; ; ) {
        const args = [visibilityTimeout, scanStep, keys.layout, upto, staying];
        const answer = await link.run((redis) => scripts.restoreOrphans(redis, sets, args));
        const [restored, due, lookedAt, stay, more, nextDue] = answer;
        total.restored += restored;
        total.due += due;
        total.nextDue = nextDue === "" ? undefined : new Date(Number(nextDue) * 1000);
        upto = lookedAt;
        staying = stay;
        if (more === 0) return total;
      }
    },
  };

  async function serverTime(): Promise<Date> {
    const [seconds, microseconds] = await link.run((redis) => redis.time());
    return new Date(Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000));
  }
}

/** Messages that one script handles at most: some milliseconds of Redis' time, so that others are not kept waiting. */
const mostAtOnce = 200;

/** Entries of each kind that one step of the restore looks at. */
const scanStep = 50;

const scripts = {
  pop: redisScript<[tag: string, queue: number, raw: string][]>(
    import.meta.url,
    "pop",
    "json-text",
    "message",
    "lease",
  ),
  renew: redisScript<(0 | 1)[]>(import.meta.url, "renew", "lease"),
  acknowledge: redisScript<(0 | 1)[]>(import.meta.url, "acknowledge", "lease"),
  requeue: redisScript<0 | 1>(import.meta.url, "requeue", "json-text", "message", "lease"),
  park: redisScript<(0 | 1)[]>(import.meta.url, "park", "lease"),
  retry: redisScript<0 | 1>(import.meta.url, "retry", "lease"),
  deadLetter: redisScript<0 | 1 | 2>(import.meta.url, "dead-letter", "json-text", "message", "lease"),
  restoreOrphans: redisScript<
    [restored: number, due: number, lookedAt: string, stay: number, more: 0 | 1, nextDue: string]
  >(import.meta.url, "restore-orphans", "json-text", "message", "lease", "routing"),
};
