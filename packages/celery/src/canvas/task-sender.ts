import type { Address, Broker } from "../broker/broker.ts";
import { encodeTask, type TaskToSend } from "../message/encode-task.ts";
import type { Envelope } from "../message/envelope.ts";

/** Told of every task that was published. */
export type OnSent = (address: Address, envelope: Envelope) => void;

/** Publishes tasks: to their exchange where they name one, else to their queue. Answers what was sent. */
export function taskSender(broker: Pick<Broker, "publish">, onSent?: OnSent): (task: TaskToSend) => Promise<Envelope> {
  return async (task) => {
    const envelope = encodeTask(task);
    const { exchange, routing_key: routingKey } = envelope.properties.delivery_info;
    const address = exchange === "" ? routingKey : { exchange, routingKey };
    await broker.publish(address, envelope);
    onSent?.(address, envelope);
    return envelope;
  };
}
