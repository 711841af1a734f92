import type { Control, ControlTarget, Replies } from "../client/control.ts";
import { UsageError } from "./usage-error.ts";

/** A method of remote control, as the command line offers it. */
export interface ControlMethod {
  /** Its arguments as the help shows them: `<task> <limit>`. */
  usage: string;
  summary: string;
  /** Celery's arguments, made of what was typed. @throws {UsageError} */
  read(words: readonly string[]): Record<string, unknown>;
  /** Workers do it and reply nothing. */
  silent?: true;
}

const none = { usage: "", read: () => ({}) };
const ids = { usage: "<ids...>", read: (words: readonly string[]) => ({ task_id: [...words] }) };

/** Methods that look, by Celery's names (celery/worker/control.py). */
export const inspectMethods: Readonly<Record<string, ControlMethod>> = {
  ping: { ...none, summary: "who is there" },
  active: { ...none, summary: "tasks that run" },
  reserved: { ...none, summary: "tasks that are held and wait for a slot" },
  scheduled: { ...none, summary: "tasks that wait for their time" },
  registered: {
    usage: "[items...]",
    summary: "names of the tasks that a worker knows, with these of their options",
    read: (words) => ({ taskinfoitems: [...words] }),
  },
  active_queues: { ...none, summary: "queues that are consumed" },
  stats: { ...none, summary: "counts, pool, broker, resources" },
  revoked: { ...none, summary: "ids of revoked tasks" },
  query_task: {
    usage: "<ids...>",
    summary: "where tasks are, by their ids",
    read: (words) => ({ ids: [...words] }),
  },
  conf: {
    usage: "[with_defaults]",
    summary: "settings, secrets hidden",
    read: ([word]) => ({ with_defaults: word !== undefined }),
  },
  report: { ...none, summary: "what to send with a report of a fault" },
  clock: { ...none, summary: "the logical clock" },
  memsample: { ...none, summary: "memory in use" },
  memdump: { ...none, summary: "Python's: samples of memory" },
  objgraph: { ...none, summary: "Python's: a graph of objects" },
};

/** Methods that change something. */
export const controlMethods: Readonly<Record<string, ControlMethod>> = {
  revoke: { ...ids, summary: "keeps tasks from being run" },
  terminate: {
    usage: "<signal> <ids...>",
    summary: "ends tasks by a signal (TERM, KILL), or keeps them from being run",
    read: ([signal, ...task_id]) => ({ signal, task_id }),
  },
  revoke_by_stamped_headers: {
    usage: "<name=value...>",
    summary: "revokes all tasks that carry one of the stamps",
    read: (words) => ({ headers: readStamps(words) }),
  },
  rate_limit: {
    usage: "<task> <limit>",
    summary: "so many a time at most: 10/s, 100/m, 5/h; 0 takes the limit away",
    read: ([task_name, rate_limit]) => ({ task_name, rate_limit }),
  },
  time_limit: {
    usage: "<task> <soft> [hard]",
    summary: "soft and hard time limit in seconds",
    read: ([task_name, soft, hard]) => ({ task_name, soft: number(soft), hard: number(hard) }),
  },
  add_consumer: {
    usage: "<queue> [exchange] [type] [routing_key]",
    summary: "consumes another queue",
    read: ([queue, exchange, exchange_type = "direct", routing_key]) => ({
      ...{ queue, exchange_type },
      ...{ exchange: exchange ?? null, routing_key: routing_key ?? null },
    }),
  },
  cancel_consumer: { usage: "<queue>", summary: "consumes a queue no more", read: ([queue]) => ({ queue }) },
  pool_grow: { usage: "[count]", summary: "more tasks at once", read: ([n = "1"]) => ({ n: number(n) }) },
  pool_shrink: { usage: "[count]", summary: "fewer tasks at once", read: ([n = "1"]) => ({ n: number(n) }) },
  pool_restart: { ...none, summary: "Python's: new processes" },
  autoscale: {
    usage: "<max> <min>",
    summary: "Python's: bounds of the pool",
    read: ([max, min]) => ({ max: number(max), min: number(min) }),
  },
  enable_events: { ...none, summary: "sends events about tasks" },
  disable_events: { ...none, summary: "sends none" },
  heartbeat: { ...none, summary: "sends a heartbeat now", silent: true },
  election: {
    usage: "<id> <topic> <action>",
    summary: "has one of the workers do something",
    read: ([id, topic, action]) => ({ id, topic, action }),
    silent: true,
  },
  shutdown: { ...none, summary: "ends workers, warmly", silent: true },
};

/** Asks workers. Undefined where nothing is replied. @throws {UsageError} when the arguments are not those of the method */
export async function callMethod(
  control: Pick<Control, "broadcast" | "cast">,
  name: string,
  method: ControlMethod,
  words: readonly string[],
  target: ControlTarget,
): Promise<Replies<unknown> | undefined> {
  const wanted = method.usage.split(" ").filter((part) => part !== "");
  const least = wanted.filter((part) => part.startsWith("<")).length;
  const most = method.usage.includes("...") ? Number.POSITIVE_INFINITY : wanted.length;
  if (words.length < least || words.length > most)
    throw new UsageError(`${name} takes ${method.usage === "" ? "no arguments" : method.usage}`);
  const args = method.read(words);
  if (!method.silent) return control.broadcast(name, args, target);
  await control.cast(name, args, target);
  return undefined;
}

function number(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new UsageError(`${JSON.stringify(text)} is no number`);
  return value;
}

function readStamps(words: readonly string[]): Record<string, string[]> {
  const stamps: Record<string, string[]> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at < 1) throw new UsageError(`${JSON.stringify(word)} is no stamp: write name=value`);
    const [name, value] = [word.slice(0, at), word.slice(at + 1)];
    stamps[name] = [...(stamps[name] ?? []), value];
  }
  return stamps;
}
