import type { QueueDeclaration } from "./broker.ts";

/** What a plain name stands for, as in Celery: an exchange and a routing key of the same name. */
export function directQueue(name: string): QueueDeclaration {
  return { name, exchange: name, exchangeType: "direct", routingKey: name };
}
