/** Which tasks shall not run: at most `max` ids, each for `ttl` ms, as Celery has it. Stamps are counted apart. */
export interface RevokedTasks {
  add(taskId: string): void;
  /** By stamped header: any task that carries one of the values under the name. */
  addStamp(name: string, values: readonly string[]): void;
  isRevoked(task: { id: string; stamps: Readonly<Record<string, unknown>> }): boolean;
  ids(): string[];
  /** Ids and when they were revoked (Unix seconds), newest first, at most `max`: what mingle sends. */
  recent(max: number): [taskId: string, revokedAt: number][];
  /** Takes over what another worker knows; what is known already stays as it is. */
  merge(others: Iterable<readonly [taskId: string, revokedAt: number]>): void;
}

/**
 * Keeps what was revoked, in memory alone (celery 5.6 `worker/state.py`): a worker that starts later learns of it from its
 * neighbours, or not at all.
 *
 * @param options.max  most ids; 50,000 by default. The oldest go first
 * @param options.ttl  how long an id is kept, in ms; 3 h by default
 * @param options.now  Unix time in ms
 */
export function revokedTasks(options: { max?: number; ttl?: number; now?: () => number } = {}): RevokedTasks {
  const { max = 50_000, ttl = 10_800_000, now = Date.now } = options;
  const tasks = limitedTimes(max, ttl, now);
  const stamps = limitedTimes(max, ttl, now);

  return {
    add: (taskId) => tasks.add(taskId, now()),
    addStamp(name, values) {
      for (const value of values) stamps.add(stampKey(name, value), now());
    },
    isRevoked({ id, stamps: carried }) {
      if (tasks.has(id)) return true;
      if (stamps.size === 0) return false;
      return Object.entries(carried).some(([name, value]) =>
        [value].flat().some((one) => stamps.has(stampKey(name, String(one)))),
      );
    },
    ids: () => tasks.entries().map(([id]) => id),
    recent: (most) =>
      tasks
        .entries()
        .sort(([, a], [, b]) => b - a)
        .slice(0, most)
        .map(([id, at]) => [id, at / 1000]),
    merge(others) {
      for (const [id, at] of others) if (!tasks.has(id)) tasks.add(id, Math.min(at * 1000, now()));
    },
  };
}

function stampKey(name: string, value: string): string {
  return JSON.stringify([name, value]);
}

/** When something was noted, by key: the newest `max`, none older than `ttl` ms. */
function limitedTimes(max: number, ttl: number, now: () => number) {
  const times = new Map<string, number>();
  const isOver = (at: number) => at + ttl <= now();

  return {
    get size() {
      return times.size;
    },
    add(key: string, at: number): void {
      if (isOver(at)) return;
      // The end of the map is where the newest are, so the oldest are found at its beginning.
      times.delete(key);
      times.set(key, at);
      for (const [oldest, time] of times) {
        if (times.size <= max && !isOver(time)) return;
        times.delete(oldest);
      }
    },
    has(key: string): boolean {
      const at = times.get(key);
      return at !== undefined && !isOver(at);
    },
    entries: (): [string, number][] => [...times].filter(([, at]) => !isOver(at)),
  };
}
