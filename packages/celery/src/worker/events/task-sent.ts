import { hostname } from "node:os";
import { type Logger, pino } from "pino";
import type { Broker } from "../../broker/broker.ts";
import type { OnSent } from "../../canvas/task-sender.ts";
import { createEventDispatcher, type EventDispatcher } from "./event-dispatcher.ts";
import { LamportClock } from "./lamport-clock.ts";

/**
 * Has a client tell of every task that it publishes, as producers with `task_send_sent_event` do:
 * `createClient({ broker, results, onSent: sentEvents({ broker }) })`.
 *
 * @param options.name  who sends; `gen<pid>@<host>` by default, as Celery names producers
 * @param options.log   told when the broker takes no events; silent by default
 */
export function sentEvents(options: { broker: Pick<Broker, "broadcast">; name?: string; log?: Logger }): OnSent {
  const { broker, name = `gen${process.pid}@${hostname()}`, log = pino({ level: "silent" }) } = options;
  return taskSentEvents(createEventDispatcher({ broker, name, clock: new LamportClock(), log, taskEvents: true }));
}

/** The same, by a dispatcher that is there already (celery 5.6 `app/amqp.py`). */
export function taskSentEvents(events: Pick<EventDispatcher, "send">): OnSent {
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
