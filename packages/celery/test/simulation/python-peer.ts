import type { Connection } from "./connection.ts";
import type { Ledger } from "./ledger.ts";
import { type MessageName, nameIn, pythonJson } from "./message.ts";
import type { Reply } from "./redis/reply.ts";
import type { Ending, PeerSetup } from "./schedule.ts";
import type { Tale } from "./tale.ts";

export interface PythonPeerOptions {
  connection: Connection;
  ledger: Pick<Ledger, "fellIntoPythonsHole" | "start" | "runs">;
  tale: Tale;
  queues: readonly string[];
  setup: PeerSetup;
  plan: (name: MessageName, run: number) => { work: number; ending: Ending };
}

interface PythonMessage {
  headers: Record<string, unknown>;
  properties: {
    delivery_tag: string;
    priority?: number;
    delivery_info: { [key: string]: unknown; routing_key: string };
  };
  [key: string]: unknown;
}

const steps = [0, 3, 6, 9];
const separator = "\x06\x16";

/**
 * A Python worker by the rules of kombu 5.2 and 5.6, command by command: BRPOP, then ZADD and HSET in a transaction of
 * their own; ZREM and HDEL to acknowledge, whoever the entry belongs to by now; a scan under `unacked_mutex` that gives
 * back by tag what looked old when it was read; the same by tag for all that it has, when it ends.
 */
export class PythonPeer {
  readonly #options: PythonPeerOptions;
  /** By tag, as kombu keeps it: what was delivered and not acknowledged. */
  readonly #delivered = new Map<string, PythonMessage>();
  #stopping = false;
  #locks = 0;

  constructor(options: PythonPeerOptions) {
    this.#options = options;
  }

  get process() {
    return this.#options.connection.process;
  }

  start(): void {
    void this.#consume();
    void this.#restoreVisible();
  }

  /** Gives back, by tag, all that it thinks it holds, and ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    try {
      for (const tag of this.#delivered.keys()) await this.#restoreByTag(tag, "peer gives back", "RPUSH");
    } catch {
      // It goes all the same.
    }
    this.#tell("has stopped");
    this.process.die();
  }

  async #consume(): Promise<void> {
    const { queues, setup, ledger } = this.#options;
    const keys = steps.flatMap((step) => queues.map((queue) => listOf(queue, step)));
    while (!this.#stopping) {
      if (this.#delivered.size >= setup.prefetch) {
        await this.process.sleep(200);
        continue;
      }
      try {
        const popped = await this.#ask("peer takes", ["BRPOP", ...keys, "1"]);
        if (Array.isArray(popped)) await this.#take(popped[1] as string);
        else await this.process.sleep(500);
      } catch {
        // What the answer held, or what could not be recorded, is in nobody's books.
        ledger.fellIntoPythonsHole(this.process);
        await this.process.sleep(1000);
      }
    }
  }

  async #take(text: string): Promise<void> {
    const message = JSON.parse(text) as PythonMessage;
    const tag = message.properties.delivery_tag;
    this.#tell(`has taken ${nameIn(text)}, not recorded yet`);
    const entry = pythonJson([message, "", message.properties.delivery_info.routing_key]);
    await this.#ask(
      "peer records",
      ["ZADD", "unacked_index", (this.#now() / 1000).toFixed(7), tag],
      ["HSET", "unacked", tag, entry],
    );
    this.#delivered.set(tag, message);
    void this.#work(message, nameIn(text));
  }

  async #work(message: PythonMessage, name: MessageName): Promise<void> {
    const { ledger, plan } = this.#options;
    ledger.start(name, this.process);
    const { work, ending } = plan(name, ledger.runs.get(name)!);
    const tag = message.properties.delivery_tag;
    this.#tell(`runs ${name} for ${work} ms`);
    await this.process.sleep(work);
    if (this.#stopping) return;
    this.#delivered.delete(tag);
    this.#tell(`${ending.end === "requeue" ? "rejects and requeues" : "acknowledges"} ${name}`);
    try {
      // kombu's reject with requeue gives back by tag, and acknowledges the tag afterwards.
      if (ending.end === "requeue") await this.#restoreByTag(tag, "peer gives back", "LPUSH");
      const about = ending.end === "requeue" ? "peer forgets" : "peer acknowledges";
      await this.#ask(about, ["ZREM", "unacked_index", tag], ["HDEL", "unacked", tag]);
    } catch {
      // Its entry stays, until somebody's visibility timeout is over.
    }
  }

  async #restoreVisible(): Promise<void> {
    const { setup } = this.#options;
    while (!this.#stopping) {
      try {
        await this.#scan();
      } catch {
        // At the next time.
      }
      await this.process.sleep(setup.scanEvery);
    }
  }

  async #scan(): Promise<void> {
    const before = (this.#now() - this.#options.setup.visibilityTimeout) / 1000;
    const token = `${this.process.name}-${this.#locks++}`;
    const locked = await this.#ask("peer locks", ["SET", "unacked_mutex", token, "NX", "PX", "300000"]);
    if (locked === null) return;
    try {
      const tags = await this.#ask("peer scans", ["ZREVRANGEBYSCORE", "unacked_index", before.toFixed(7), "0"]);
      for (const tag of tags as string[]) await this.#restoreByTag(tag, "peer restores", "RPUSH");
    } finally {
      await this.#ask("peer unlocks", ["EVAL", unlock, "1", "unacked_mutex", token]);
    }
  }

  /** WATCH, HGET, then in a transaction ZREM, HDEL and the push; again when anything in `unacked` has changed meanwhile. */
  async #restoreByTag(tag: string, about: string, push: "LPUSH" | "RPUSH"): Promise<void> {
    const { connection, setup } = this.#options;
    const unacked = () => connection.host.redis.space.read("unacked", "hash");
    for (;;) {
      let watched = new Map<string, string>();
      const entry = await this.#ask("peer looks", ["HGET", "unacked", tag], () => {
        watched = new Map(unacked());
        return false;
      });
      const commands = [
        ["ZREM", "unacked_index", tag],
        ["HDEL", "unacked", tag],
      ];
      if (typeof entry === "string") commands.push(givenBack(entry, push, setup.keepsPriority));
      const changed = () => !isSame(watched, unacked() ?? new Map());
      if ((await connection.send({ about, commands, unless: changed })) !== undefined) return;
    }
  }

  async #ask(about: string, ...rest: (string[] | (() => boolean))[]): Promise<Reply> {
    const commands = rest.filter((one) => Array.isArray(one));
    const unless = rest.find((one) => typeof one === "function");
    const replies = await this.#options.connection.send({ about, commands, ...(unless && { unless }) });
    return replies![0]!;
  }

  #now(): number {
    return this.#options.connection.host.truth() + this.process.skew;
  }

  #tell(what: string): void {
    this.#options.tale.tell(this.process.name, what);
  }
}

/** redis-py's lock is released only by its owner. */
const unlock = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

function givenBack(entry: string, push: string, keepsPriority: boolean): string[] {
  const [message, , routingKey] = JSON.parse(entry) as [PythonMessage, string, string];
  if (message.headers && message.properties) {
    message.headers.redelivered = true;
    message.properties.delivery_info.redelivered = true;
  }
  const priority = Number(message.properties?.priority ?? 0);
  const step = keepsPriority ? steps.findLast((one) => one <= priority)! : 0;
  return [push, listOf(routingKey, step), pythonJson(message)];
}

function listOf(queue: string, step: number): string {
  return step === 0 ? queue : queue + separator + step;
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
