/**
 * Celery's rate limits: a token bucket of one for each task name, per worker (celery 5.6 `utils/time.py` `rate`,
 * `worker/strategy.py`).
 */
export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();

  /** @param limit  undefined: without a limit */
  set(taskName: string, limit: string | undefined): void {
    const perSecond = limit === undefined ? 0 : parseRate(limit);
    if (perSecond > 0) this.#buckets.set(taskName, new Bucket(1000 / perSecond));
    else this.#buckets.delete(taskName);
  }

  has(taskName: string): boolean {
    return this.#buckets.has(taskName);
  }

  /** When the next one may run, in ms of `Date.now()`; in the past when at once. */
  next(taskName: string): number {
    return this.#buckets.get(taskName)?.next ?? 0;
  }

  /** Takes the next turn. */
  take(taskName: string): void {
    this.#buckets.get(taskName)?.take();
  }

  /** About when the turn of one will be that has to go back to the broker: behind all that went there before it. */
  takeEstimate(taskName: string): number {
    return this.#buckets.get(taskName)?.takeEstimate() ?? 0;
  }
}

class Bucket {
  readonly interval: number;
  next = 0;
  #lastEstimate = 0;

  constructor(interval: number) {
    this.interval = interval;
  }

  take(): void {
    this.next = Math.max(this.next, Date.now()) + this.interval;
  }

  takeEstimate(): number {
    this.#lastEstimate = Math.max(this.#lastEstimate + this.interval, this.next);
    return this.#lastEstimate;
  }
}

/**
 * Reads `10/s`, `100/m`, `5/h` or a number per second; 0 and an empty text mean no limit.
 *
 * @returns tasks per second
 * @throws RangeError when it is none of them
 */
export function parseRate(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*([smh]))?\s*$/.exec(text);
  if (text.trim() === "") return 0;
  if (!match)
    throw new RangeError(`a rate limit is a number with /s, /m or /h, not ${JSON.stringify(text.slice(0, 50))}`);
  return Number(match[1]) / secondsPer[(match[2] ?? "s") as keyof typeof secondsPer];
}

const secondsPer = { s: 1, m: 60, h: 3600 };
