import { isRecord } from "../../message/inert-json.ts";

/** Most ids that `hello` carries: about a megabyte. Python sends all of its 50,000. */
export const mostExchanged = 10_000;

/** Most ids that are taken from one neighbour. */
const mostTaken = 50_000;

/**
 * Revoked ids as workers tell each other at their start: `{id: [time, id]}`. Python's time is that of its monotonic clock
 * (celery 5.6 `utils/collections.py`, LimitedSet), which says nothing on another machine; so ours carries the Unix time
 * as a third member, which Python does not look at. The first must be a float for Python, hence never whole.
 *
 * @param revoked  ids and Unix times in seconds
 */
export function writeRevokes(revoked: Iterable<readonly [id: string, at: number]>): Record<string, unknown> {
  const sinceBoot = Number(process.hrtime.bigint()) / 1e9 - Date.now() / 1000;
  const told: Record<string, unknown> = Object.create(null);
  for (const [id, at] of revoked) {
    const monotonic = sinceBoot + at;
    told[id] = [Number.isInteger(monotonic) ? monotonic + 0.001 : monotonic, id, at];
  }
  return told;
}

/**
 * Reads what a neighbour told. An id without a time that means something here counts from now.
 *
 * @returns ids and Unix times in seconds
 */
export function readRevokes(told: unknown): [id: string, at: number][] {
  if (!isRecord(told)) return [];
  const now = Date.now() / 1000;
  return Object.entries(told)
    .slice(0, mostTaken)
    .map(([id, entry]) => {
      const at = Array.isArray(entry) ? entry[2] : undefined;
      return [id, typeof at === "number" && at > 0 && at < now ? at : now];
    });
}
