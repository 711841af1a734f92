import type { Address } from "../../broker/broker.ts";
import type { Envelope } from "../../message/envelope.ts";
import type { EventDispatcher } from "./event-dispatcher.ts";

/**
 * Tells of every task that is published, as producers with `task_send_sent_event` do (celery 5.6 `app/amqp.py`).
 *
 * @param events  of a dispatcher that bears the producer's name
 */
export function taskSentEvents(events: EventDispatcher): (address: Address, envelope: Envelope) => void {
  return (address, { headers }) => {
    const [exchange, routingKey] = typeof address === "string" ? ["", address] : [address.exchange, address.routingKey];
    events.send("task-sent", {
      uuid: headers.id,
      name: headers.task,
      args: headers.argsrepr,
      kwargs: headers.kwargsrepr,
      root_id: headers.root_id,
      parent_id: headers.parent_id,
      retries: headers.retries,
      eta: headers.eta,
      expires: headers.expires,
      queue: routingKey,
      exchange,
      routing_key: routingKey,
    });
  };
}
