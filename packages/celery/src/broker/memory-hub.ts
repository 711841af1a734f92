import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { publishedAtHeader } from "../message/encode-task.ts";
import type { Envelope } from "../message/envelope.ts";
import { readEnvelope, writeEnvelope } from "../message/envelope-text.ts";
import { readIsoTime } from "../message/iso-time.ts";
import type { DeadLetter, QueueState } from "./broker.ts";
import { priorityStep } from "./redis-keys.ts";

export interface HeldMessage {
  queue: string;
  raw: string;
  holder: string;
  /** End of the lease, in ms of the hub's clock. */
  until: number;
}

/** What a Redis is to Redis brokers: the place where the messages of several {@link memoryBroker} lie. */
export class MemoryBrokerHub {
  /** Milliseconds since 1970; never goes back unless one that does was given. */
  readonly now: () => number;
  readonly declared = new Set<string>();
  readonly unacked = new Map<string, HeldMessage>();
  readonly deadLetters: DeadLetter[] = [];
  readonly consumers = new Map<string, { queues: string[]; until: number }>();
  epoch = randomUUID() as string;
  /** By queue, then by priority step; the next one to be popped is the last. */
  readonly #lists = new Map<string, Map<number, string[]>>();
  readonly #arrivals = new EventEmitter<{ arrived: [queue: string] }>().setMaxListeners(0);

  constructor(options: { now?: () => number } = {}) {
    this.now = options.now ?? (() => performance.timeOrigin + performance.now());
  }

  /** Loses its memory, as a Redis that is flushed. */
  flush(): void {
    this.#lists.clear();
    this.declared.clear();
    this.unacked.clear();
    this.consumers.clear();
    this.deadLetters.length = 0;
    this.epoch = randomUUID();
  }

  /** Puts a text into a queue, at the end, or to be the next one. Any text: also one that is no message. */
  push(queue: string, raw: string, where: "tail" | "next"): void {
    const step = priorityStep(read(raw)?.properties.priority, steps);
    const list = this.#list(queue, step);
    if (where === "tail") list.unshift(raw);
    else list.push(raw);
    this.#arrivals.emit("arrived", queue);
  }

  take(queues: readonly string[]): { queue: string; raw: string } | undefined {
    for (const step of steps) {
      for (const queue of queues) {
        const raw = this.#list(queue, step).pop();
        if (raw !== undefined) return { queue, raw };
      }
    }
    return undefined;
  }

  /** Fulfilled when one of the queues holds a message, at the latest after `timeout` ms. */
  arrival(queues: readonly string[], timeout: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted || queues.some((queue) => this.#waiting(queue).length > 0)) return resolve();
      const timer = setTimeout(end, timeout);
      const arrived = (queue: string) => queues.includes(queue) && end();
      const arrivals = this.#arrivals.on("arrived", arrived);
      signal.addEventListener("abort", end, { once: true });

      function end(): void {
        clearTimeout(timer);
        arrivals.off("arrived", arrived);
        signal.removeEventListener("abort", end);
        resolve();
      }
    });
  }

  giveBack({ queue, raw }: { queue: string; raw: string }): void {
    const envelope = read(raw);
    if (envelope) {
      envelope.headers.redelivered = true;
      envelope.properties.delivery_info.redelivered = true;
    }
    this.push(queue, envelope ? writeEnvelope(envelope) : raw, "next");
  }

  /** The longest ended first to be popped again. */
  restoreEnded(): number {
    const ended = [...this.unacked].filter(([, entry]) => entry.until <= this.now());
    for (const [tag, entry] of ended.sort(([, a], [, b]) => b.until - a.until)) {
      this.unacked.delete(tag);
      this.giveBack(entry);
    }
    return ended.length;
  }

  inspect(queue: string): QueueState {
    const waiting = this.#waiting(queue);
    const held = [...this.unacked.values()].filter((entry) => entry.queue === queue);
    const published = waiting.map((raw) => readTime(read(raw)?.headers[publishedAtHeader]));
    const oldest =
      published.includes(undefined) || published.length === 0 ? undefined : Math.min(...(published as number[]));
    return {
      queue,
      waiting: waiting.length,
      unacked: { count: held.length, atLeast: false },
      scheduled: held.filter(({ raw }) => (readTime(read(raw)?.headers.eta) ?? 0) > this.now()).length,
      bound: this.declared.has(queue),
      consumers: [...this.consumers.values()].filter((one) => one.queues.includes(queue) && one.until > this.now())
        .length,
      oldestAge: oldest === undefined ? undefined : Math.max(0, (this.now() - oldest) / 1000),
    };
  }

  holds(queue: string, taskIds: readonly string[]): Set<string> {
    const held = [...this.unacked.values()].filter((entry) => entry.queue === queue).map((entry) => entry.raw);
    const ids = new Set([...this.#waiting(queue), ...held].map((raw) => read(raw)?.headers.id));
    return new Set(taskIds.filter((id) => ids.has(id)));
  }

  #waiting(queue: string): string[] {
    return [...(this.#lists.get(queue)?.values() ?? [])].flat();
  }

  #list(queue: string, step: number): string[] {
    const lists = this.#lists.get(queue) ?? new Map<number, string[]>();
    this.#lists.set(queue, lists);
    const list = lists.get(step) ?? [];
    lists.set(step, list);
    return list;
  }
}

const steps = [0, 3, 6, 9];

function read(raw: string): Envelope | undefined {
  try {
    return readEnvelope(raw);
  } catch {
    return undefined;
  }
}

function readTime(value: unknown): number | undefined {
  return typeof value === "string" ? readIsoTime(value)?.getTime() : undefined;
}
