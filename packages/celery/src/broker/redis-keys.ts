/** kombu's transport options that name keys, with kombu's defaults, and the prefix of ours. */
export interface RedisKeyOptions {
  /** Before every key, ours too (kombu's `global_keyprefix`); empty by default. */
  globalKeyPrefix?: string;
  /** Of the keys that only we use; `cdt:` by default. */
  ownPrefix?: string;
  /** kombu's `sep`: between a queue's name and its priority step, and between the fields of a binding. */
  separator?: string;
  /** kombu's `priority_steps`, ascending, beginning with 0; 0, 3, 6, 9 by default. */
  prioritySteps?: readonly number[];
  unackedKey?: string;
  unackedIndexKey?: string;
  unackedMutexKey?: string;
}

export interface RedisKeys {
  unacked: string;
  unackedIndex: string;
  unackedMutex: string;
  /** Ours: delivery tag → end of the lease, seconds of Redis' clock. */
  leases: string;
  deadLetters: string;
  epoch: string;
  /** Our live consumers of a queue: name → end of the announcement. */
  consumers(queue: string): string;
  /** What a consumer announced: its queues, as JSON. */
  consumer(name: string): string;
  steps: readonly number[];
  /** The list of a queue for a priority (clamped, rounded down to a step). */
  list(queue: string, priority: number): string;
  /** All lists of a queue, in the order in which they are served. */
  lists(queue: string): string[];
  binding(exchange: string): string;
  /** The member of the binding of a queue to the exchange of its own name. */
  bindingMember(queue: string): string;
  /** What the scripts need to name keys themselves: JSON. */
  layout: string;
}

export function redisKeys(options: RedisKeyOptions = {}): RedisKeys {
  const prefix = options.globalKeyPrefix ?? "";
  const own = prefix + (options.ownPrefix ?? "cdt:");
  const separator = options.separator ?? "\x06\x16";
  const steps = options.prioritySteps ?? [0, 3, 6, 9];
  const listOfStep = (queue: string, step: number) => prefix + queue + (step === 0 ? "" : separator + step);
  return {
    unacked: prefix + (options.unackedKey ?? "unacked"),
    unackedIndex: prefix + (options.unackedIndexKey ?? "unacked_index"),
    unackedMutex: prefix + (options.unackedMutexKey ?? "unacked_mutex"),
    leases: `${own}leases`,
    deadLetters: `${own}dead-letters`,
    epoch: `${own}epoch`,
    consumers: (queue) => `${own}consumers:${queue}`,
    consumer: (name) => `${own}consumer:${name}`,
    steps,
    list: (queue, priority) => listOfStep(queue, priorityStep(priority, steps)),
    lists: (queue) => steps.map((step) => listOfStep(queue, step)),
    binding: (exchange) => `${prefix}_kombu.binding.${exchange}`,
    bindingMember: (queue) => [queue, "", queue].join(separator),
    layout: JSON.stringify({ prefix, separator, steps }),
  };
}

/** kombu clamps to 0..9 and rounds down to a step; what is no number is 0. */
export function priorityStep(priority: unknown, steps: readonly number[]): number {
  const clamped = Math.min(9, Math.max(0, Math.trunc(Number(priority)) || 0));
  return steps.findLast((step) => step <= clamped) ?? 0;
}
