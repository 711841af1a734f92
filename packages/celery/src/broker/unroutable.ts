import { CeleryError } from "../celery-error.ts";

/** A message was published to an exchange to which no queue is bound for its routing key; it lies nowhere. */
export class Unroutable extends CeleryError {
  readonly kind = "configuration";
  readonly code = "CDT-UNROUTABLE";
  readonly help = "start a worker that declares the queue, or check the exchange and the routing key";

  constructor(exchange: string, routingKey: string) {
    super(`no queue is bound to the exchange ${exchange} for the routing key ${routingKey || "''"}`);
  }
}
