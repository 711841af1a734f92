import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { publishedAtHeader } from "../message/encode-task.ts";
import type { Envelope } from "../message/envelope.ts";
import { readEnvelope, writeEnvelope } from "../message/envelope-text.ts";
import { readIsoTime } from "../message/iso-time.ts";
import type { DeadLetter, QueueState } from "./broker.ts";
import { markGivenBack } from "./delivery.ts";
import { priorityStep } from "./redis-keys.ts";

export interface HeldMessage {
  queue: string;
  raw: string;
  /** Undefined while it is parked. */
  holder: string | undefined;
  /** End of the lease, or when the parked message is due, in ms of the hub's clock. */
  until: number;
}

/** A queue that is bound to an exchange. */
export interface Binding {
  exchange: string;
  routingKey: string;
  /** kombu's regular expression of a topic; empty for other exchanges. */
  pattern: string;
  queue: string;
}

/** What a Redis is to Redis brokers: the place where the messages of several {@link memoryBroker} lie. */
export class MemoryBrokerHub {
  /** Milliseconds since 1970; never goes back unless one that does was given. */
  readonly now: () => number;
  readonly #bindings = new Map<string, Binding>();
  readonly unacked = new Map<string, HeldMessage>();
  readonly deadLetters: DeadLetter[] = [];
  readonly consumers = new Map<string, { queues: string[]; until: number }>();
  epoch = randomUUID() as string;
  /** By queue, then by priority step; the next one to be popped is the last. */
  readonly #lists = new Map<string, Map<number, string[]>>();
  readonly #arrivals = new EventEmitter<{ arrived: [queue: string] }>().setMaxListeners(0);
  readonly #listeners = new Set<{ exchange: string; key: RegExp; hear: (raw: string) => void }>();

  constructor(options: { now?: () => number } = {}) {
    this.now = options.now ?? (() => performance.timeOrigin + performance.now());
  }

  /** Loses its memory, as a Redis that is flushed. */
  flush(): void {
    this.#lists.clear();
    this.#bindings.clear();
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
        const raw = this.#lists.get(queue)?.get(step)?.pop();
        if (raw !== undefined) return { queue, raw };
      }
    }
    return undefined;
  }

  bind(binding: Binding): void {
    this.#bindings.set(JSON.stringify(binding), binding);
  }

  unbind(binding: Binding): void {
    this.#bindings.delete(JSON.stringify(binding));
  }

  /** The queues bound to an exchange for a routing key. */
  route(exchange: string, routingKey: string): Set<string> {
    const leads = (to: Binding) =>
      to.pattern === "" ? to.routingKey === routingKey : new RegExp(to.pattern).test(routingKey);
    const bound = this.#bindings.values().filter((binding) => binding.exchange === exchange && leads(binding));
    return new Set(bound.map(({ queue }) => queue));
  }

  /** Answers how many have heard it. */
  broadcast(exchange: string, routingKey: string, raw: string): number {
    const hearing = [...this.#listeners].filter((one) => one.exchange === exchange && one.key.test(routingKey));
    for (const { hear } of hearing) hear(raw);
    return hearing.length;
  }

  /** @param bindingKey  a routing key, in which `#` and `*` stand for anything */
  listen(exchange: string, bindingKey: string, hear: (raw: string) => void): () => void {
    const key = new RegExp(`^${bindingKey.split(/[#*]/).map(RegExp.escape).join(".*")}$`, "s");
    const listener = { exchange, key, hear };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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

  giveBack({ queue, raw }: { queue: string; raw: string }, death: boolean): void {
    const envelope = read(raw);
    this.push(queue, envelope ? writeEnvelope(markGivenBack(envelope, death)) : raw, "next");
  }

  /** The longest ended first to be popped again. */
  restoreEnded(): { restored: number; due: number; nextDue: Date | undefined } {
    const ended = [...this.unacked].filter(([, entry]) => entry.until <= this.now());
    let due = 0;
    // Of those that ended together the one that was taken last is the first to go back.
    for (const [tag, entry] of ended.reverse().sort(([, a], [, b]) => b.until - a.until)) {
      this.unacked.delete(tag);
      if (!isParked(entry)) this.giveBack(entry, true);
      else {
        this.push(entry.queue, entry.raw, "next");
        due++;
      }
    }
    const parked = [...this.unacked.values()].filter(isParked);
    const next = parked.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY);
    return { restored: ended.length - due, due, nextDue: parked.length > 0 ? new Date(next) : undefined };
  }

  /** Takes a dead letter out of the list. */
  takeDeadLetter(id: string): DeadLetter | undefined {
    const index = this.deadLetters.findIndex((letter) => letter.id === id);
    return index < 0 ? undefined : this.deadLetters.splice(index, 1)[0];
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
      scheduled: held.filter((entry) => isParked(entry) || (readTime(read(entry.raw)?.headers.eta) ?? 0) > this.now())
        .length,
      bound: this.#bindings.values().some((binding) => binding.queue === queue),
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

function isParked({ holder }: HeldMessage): boolean {
  return holder === undefined;
}

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
