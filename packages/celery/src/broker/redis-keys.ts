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
  /** kombu's `fanout_prefix`: before the channels of fanout exchanges; true, the default, stands for `/{db}.`, false for nothing. */
  fanoutPrefix?: boolean | string;
  /** kombu's `fanout_patterns`: whether a channel carries the routing key; true by default. */
  fanoutPatterns?: boolean;
  /** Number of the database, which the channels name; 0 by default. */
  db?: number | undefined;
}

export interface RedisKeys {
  unacked: string;
  unackedIndex: string;
  unackedMutex: string;
  /** Ours: delivery tag → end of the lease, seconds of Redis' clock. */
  leases: string;
  /** Ours: delivery tag → when the parked message is due, seconds since 1970. */
  parked: string;
  deadLetters: string;
  epoch: string;
  /** Our live consumers of a queue: name → end of the announcement. */
  consumers(queue: string): string;
  /** What a consumer announced: its queues, as JSON. */
  consumer(name: string): string;
  steps: readonly number[];
  /** The list of a queue for a priority (clamped, rounded down to a step). */
  list(queue: string, priority: number): string;
  /** What follows a queue's name in the name of that list. */
  listEnding(priority: number): string;
  /** All lists of a queue, in the order in which they are served. */
  lists(queue: string): string[];
  binding(exchange: string): string;
  /** The member of a binding: routing key, pattern and queue, in kombu's order. */
  bindingMember(routingKey: string, pattern: string, queue: string): string;
  /** The queue that a member of a binding names. */
  boundQueue(member: string): string | undefined;
  /** Whether a queue of this name would lie where the broker itself keeps something. */
  isTaken(queue: string): boolean;
  /** The pub/sub channel of a fanout exchange for a routing key. */
  channel(exchange: string, routingKey: string): string;
  /** The pattern of the channels whose routing key a binding key with `#` or `*` stands for. */
  channelPattern(exchange: string, bindingKey: string): string;
  /** What the scripts need to name keys themselves: JSON. */
  layout: string;
}

export function redisKeys(options: RedisKeyOptions = {}): RedisKeys {
  const prefix = options.globalKeyPrefix ?? "";
  const own = prefix + (options.ownPrefix ?? "cdt:");
  const separator = options.separator ?? "\x06\x16";
  const steps = options.prioritySteps ?? [0, 3, 6, 9];
  const endingOfStep = (step: number) => (step === 0 ? "" : separator + step);
  const listEnding = (priority: number) => endingOfStep(priorityStep(priority, steps));
  const channels = prefix + fanoutPrefix(options);
  const withKey = (exchange: string, key: string) =>
    exchange + (key !== "" && options.fanoutPatterns !== false ? `/${key}` : "");
  const unacked = prefix + (options.unackedKey ?? "unacked");
  const unackedIndex = prefix + (options.unackedIndexKey ?? "unacked_index");
  const unackedMutex = prefix + (options.unackedMutexKey ?? "unacked_mutex");
  const ours = {
    leases: `${own}leases`,
    parked: `${own}parked`,
    deadLetters: `${own}dead-letters`,
    epoch: `${own}epoch`,
  };
  const taken = new Set([unacked, unackedIndex, unackedMutex, ...Object.values(ours)]);
  return {
    ...{ unacked, unackedIndex, unackedMutex, ...ours },
    consumers: (queue) => `${own}consumers:${queue}`,
    consumer: (name) => `${own}consumer:${name}`,
    steps,
    list: (queue, priority) => prefix + queue + listEnding(priority),
    listEnding,
    lists: (queue) => steps.map((step) => prefix + queue + endingOfStep(step)),
    binding: (exchange) => `${prefix}_kombu.binding.${exchange}`,
    bindingMember: (...fields) => fields.join(separator),
    boundQueue: (member) => member.split(separator)[2],
    isTaken: (queue) => taken.has(prefix + queue) || queue.startsWith("_kombu.binding."),
    channel: (exchange, routingKey) => channels + withKey(exchange, routingKey),
    channelPattern: (exchange, bindingKey) =>
      literal(channels) + withKey(literal(exchange), literal(bindingKey).replaceAll("\\*", "*").replaceAll("#", "*")),
    layout: JSON.stringify({ prefix, separator, steps }),
  };
}

function fanoutPrefix({ fanoutPrefix = true, db = 0 }: RedisKeyOptions): string {
  if (fanoutPrefix === false) return "";
  return (fanoutPrefix === true ? "/{db}." : fanoutPrefix).replace("{db}", String(db));
}

/** A text in a Redis glob that stands for itself. */
function literal(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, "\\$&");
}

/** kombu clamps to 0..9 and rounds down to a step; what is no number is 0. */
export function priorityStep(priority: unknown, steps: readonly number[]): number {
  const number = typeof priority === "number" || typeof priority === "string" ? Number(priority) : 0;
  const clamped = Math.min(9, Math.max(0, Math.trunc(number) || 0));
  return steps.findLast((step) => step <= clamped) ?? 0;
}
