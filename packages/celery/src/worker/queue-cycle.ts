import type { QueueDeclaration } from "../broker/broker.ts";

/** Celery's `queue_order_strategy`: who is asked first among queues that hold messages of the same priority. */
export type QueueOrderStrategy = "round_robin" | "sorted" | "priority";

/** The queues that are consumed, in the order in which they are asked. */
export class QueueCycle {
  readonly strategy: QueueOrderStrategy;
  #declarations = new Map<string, QueueDeclaration>();
  #order: string[] = [];
  readonly #removed = new Set<string>();

  constructor(queues: readonly (string | QueueDeclaration)[], strategy: QueueOrderStrategy = "round_robin") {
    this.strategy = strategy;
    for (const queue of queues) this.add(queue);
  }

  get order(): readonly string[] {
    return this.#order;
  }

  get size(): number {
    return this.#order.length;
  }

  /** Whether the queue that gave a message goes to the end. */
  get rotates(): boolean {
    return this.strategy === "round_robin";
  }

  /** Those that were consumed once. */
  get removed(): string[] {
    return [...this.#removed];
  }

  get declarations(): QueueDeclaration[] {
    return [...this.#declarations.values()];
  }

  has(name: string): boolean {
    return this.#declarations.has(name);
  }

  add(queue: string | QueueDeclaration): void {
    const declaration = typeof queue === "string" ? directQueue(queue) : queue;
    if (!this.#declarations.has(declaration.name)) this.#order.push(declaration.name);
    this.#declarations.set(declaration.name, declaration);
    this.#removed.delete(declaration.name);
    if (this.strategy === "sorted") this.#order.sort();
  }

  remove(name: string): boolean {
    this.#order = this.#order.filter((other) => other !== name);
    if (!this.#declarations.delete(name)) return false;
    this.#removed.add(name);
    return true;
  }

  gave(name: string): void {
    if (!this.rotates || this.#order.at(-1) === name || !this.#declarations.has(name)) return;
    this.#order = [...this.#order.filter((other) => other !== name), name];
  }
}

/** What a plain name stands for: a direct exchange and a routing key of the same name. */
export function directQueue(name: string): QueueDeclaration {
  return { name, exchange: name, exchangeType: "direct", routingKey: name };
}
