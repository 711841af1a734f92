import { publishedAtHeader } from "../message/encode-task.ts";
import { readIsoTime } from "../message/iso-time.ts";
import type { Broker } from "./broker.ts";
import type { RedisLink } from "./redis-connection.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { redisScript } from "./redis-script.ts";

/**
 * The part of the Redis broker that only looks. Every scan is cut into small steps, so that Redis stays responsive.
 *
 * @param exchangeOf  the exchange where a queue's binding is looked for
 */
export function redisInspection(
  link: RedisLink,
  keys: RedisKeys,
  exchangeOf: (queue: string) => string,
  { db, scanLimit = 10_000 }: { db: number; scanLimit?: number | undefined },
): Pick<Broker, "inspect" | "holds"> {
  return {
    async inspect(queue) {
      const lists = keys.lists(queue);
      const [lengths, members, time] = await link.run((redis) =>
        Promise.all([
          Promise.all(lists.map((list) => redis.llen(list))),
          redis.smembers(keys.binding(exchangeOf(queue))),
          redis.time(),
        ]),
      );
      const now = Number(time[0]) + Number(time[1]) / 1e6;
      let unacked = 0;
      let scheduled = 0;
      const complete = await scanUnacked(queue, (_id, eta, parked) => {
        unacked++;
        const due = eta === "" ? undefined : readIsoTime(eta);
        if (parked || (due && due.getTime() / 1000 > now)) scheduled++;
      });
      return {
        queue,
        waiting: lengths.reduce((sum, length) => sum + length, 0),
        unacked: { count: unacked, atLeast: !complete },
        scheduled,
        bound: members.some((member) => keys.boundQueue(member) === queue),
        consumers: await consumers(queue, now),
        oldestAge: await oldestAge(
          lists.filter((_, i) => lengths[i]! > 0),
          now,
        ),
      };
    },

    async holds(queue, taskIds) {
      const wanted = new Set(taskIds);
      const found = new Set<string>();
      const note = (id: string) => {
        if (wanted.has(id)) found.add(id);
      };
      // Lists before unacked: what is popped meanwhile is seen in one of them.
      const complete = (await scanLists(keys.lists(queue), note)) && (await scanUnacked(queue, note));
      return complete ? found : wanted;
    },
  };

  /** Answers whether all entries were seen. */
  async function scanUnacked(
    queue: string,
    visit: (id: string, eta: string, parked: boolean) => void,
  ): Promise<boolean> {
    let cursor = "0";
    for (let seen = 0; seen < scanLimit; ) {
      const args = [cursor, step, queue, keys.layout];
      const [next, size, ids, etas, parked] = await link.run((redis) =>
        scripts.scanUnacked(redis, [keys.unacked, keys.parked], args),
      );
      for (const [i, id] of ids.entries()) visit(id, etas[i]!, parked[i] === 1);
      if (next === "0") return true;
      cursor = next;
      seen += size;
    }
    return false;
  }

  /** From the newest on: what is published meanwhile moves the others towards us, so none is passed over. */
  async function scanLists(lists: readonly string[], visit: (id: string) => void): Promise<boolean> {
    let seen = 0;
    for (const list of lists) {
      for (let first = 0; ; first += step) {
        if (seen >= scanLimit) return false;
        const args = [first, first + step - 1];
        const [size, ids] = await link.run((redis) => scripts.scanWaiting(redis, [list], args));
        ids.forEach(visit);
        seen += size;
        if (size < step) break;
      }
    }
    return true;
  }

  /** Our live ones. None of ours: 0 only where no sign of anybody else's is to be seen, undefined otherwise. */
  async function consumers(queue: string, now: number): Promise<number | undefined> {
    const ours = await link.run((redis) => redis.zcount(keys.consumers(queue), now, "+inf"));
    if (ours > 0) return ours;
    return (await othersMayConsume()) ? undefined : 0;
  }

  /**
   * Celery's workers listen to remote control by a pattern; one without remote control still shows by its blocked BRPOP.
   * Without the permission to look, we cannot know.
   */
  async function othersMayConsume(): Promise<boolean> {
    try {
      const clients = String(await link.run((redis) => redis.client("LIST"))).split("\n");
      const others = clients.filter((client) => client.includes(` db=${db} `) && !isOurListener.test(client));
      return others.some((client) => looksLikeConsumer.test(client));
    } catch {
      return true;
    }
  }

  /** Undefined as soon as one list's oldest does not tell: it may be the oldest of all. */
  async function oldestAge(lists: readonly string[], now: number): Promise<number | undefined> {
    const oldest = await link.run((redis) => Promise.all(lists.map((list) => redis.lindex(list, -1))));
    const ages = oldest.filter((raw) => raw !== null).map((raw) => age(raw, now));
    return ages.length === 0 || ages.includes(undefined) ? undefined : Math.max(...(ages as number[]));
  }
}

/** The name of a connection on which a broker of ours listens to patterns, or waits for answers: that makes no consumer. */
export function listenerName(clientName = "celery"): string {
  return `${clientName}:cdt-listener`;
}

/** Lines of CLIENT LIST. */
const isOurListener = / name=\S*:cdt-listener /;
const looksLikeConsumer = / psub=[1-9]| cmd=(brpop|blpop|blmpop|brpoplpush)( |$)/i;

/** Messages or entries a step looks at: some milliseconds of Redis' time. */
const step = 200;

function age(raw: string, now: number): number | undefined {
  try {
    const published = readIsoTime(String(JSON.parse(raw).headers[publishedAtHeader]));
    return published && Math.max(0, now - published.getTime() / 1000);
  } catch {
    return undefined;
  }
}

const scripts = {
  scanUnacked: redisScript<[cursor: string, size: number, ids: string[], etas: string[], parked: (0 | 1)[]]>(
    import.meta.url,
    "scan-unacked",
    "json-text",
    "routing",
  ),
  scanWaiting: redisScript<[size: number, ids: string[]]>(import.meta.url, "scan-waiting", "json-text"),
};
