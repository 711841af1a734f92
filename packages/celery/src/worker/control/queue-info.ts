import type { QueueDeclaration } from "../../broker/broker.ts";
import type { QueueInfo } from "../../client/control-replies.ts";

/** A consumed queue as kombu describes it (kombu 5.6 `entity.py`, `Queue.as_dict`); what Redis does not have is null. */
export function queueInfo({ name, exchange, exchangeType, routingKey }: QueueDeclaration): QueueInfo {
  return {
    name,
    exchange: {
      name: exchange,
      type: exchangeType,
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: routingKey,
    queue_arguments: null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: false,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
}
