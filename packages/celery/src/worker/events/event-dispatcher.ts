import type { Logger } from "pino";
import type { Broker } from "../../broker/broker.ts";
import { plainEnvelope } from "../../message/plain-envelope.ts";
import type { LamportClock } from "./lamport-clock.ts";

export interface EventDispatcherOptions {
  broker: Pick<Broker, "broadcast">;
  /** Node name: `celery@host` of a worker, `gen<pid>@host` of a producer. */
  name: string;
  clock: LamportClock;
  /** Whether events of tasks are sent from the start (`worker_send_task_events`, `-E`). */
  taskEvents: boolean;
  log: Logger;
  /** `event_exchange`; `celeryev` by default. */
  exchange?: string;
}

export type EventFields = Readonly<Record<string, unknown>>;

/**
 * Tells the world what happens, in Celery's events. Nothing here throws or waits: an event is of its moment, and while the
 * broker does not take them they are dropped and counted.
 */
export interface EventDispatcher {
  /** Whether events of tasks are sent: look before you build one. */
  readonly sendsTaskEvents: boolean;
  /** Events that the broker did not take. */
  readonly dropped: number;
  /** Switches the events of tasks; answers whether that changed anything. */
  switchTaskEvents(on: boolean): boolean;
  /** Sends an event of a task, together with others of the same turn of the event loop. */
  sendTaskEvent(type: `task-${string}`, fields: EventFields): void;
  /** Sends an event at once, under a routing key made of its type. */
  send(type: string, fields: EventFields): void;
  /** Sends what is gathered, and waits until everything is sent or dropped. */
  flush(): Promise<void>;
}

/** Most events that go into one message (celery 5.6 `events/dispatcher.py`, `buffer_limit`). */
const batchSize = 24;
/** Most messages that may be on their way: what a broker that does not answer can cost us, some 10 MB. */
const maxUnderWay = 1_000;

/** Makes a dispatcher. It needs no start, and no end but {@link EventDispatcher.flush}. */
export function createEventDispatcher(options: EventDispatcherOptions): EventDispatcher {
  const { broker, name, clock, log, exchange = "celeryev" } = options;
  const headers = { hostname: name };
  const underWay = new Set<Promise<void>>();
  let sendsTaskEvents = options.taskEvents;
  let batch: unknown[] = [];
  let dropped = 0;
  let droppedBefore = 0;

  function event(type: string, fields: EventFields): unknown {
    return {
      ...fields,
      type,
      hostname: name,
      utcoffset: hoursWestOfUtc(),
      pid: process.pid,
      clock: clock.forward(),
      timestamp: Date.now() / 1000,
    };
  }

  function publish(routingKey: string, body: unknown, count: number): void {
    if (underWay.size >= maxUnderWay) drop(count, undefined);
    else {
      const sending = transmit(routingKey, body, count).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  }

  async function transmit(routingKey: string, body: unknown, count: number): Promise<void> {
    try {
      await broker.broadcast(exchange, routingKey, plainEnvelope({ exchange, routingKey, headers, body }));
      if (dropped > droppedBefore) log.info({ dropped: dropped - droppedBefore }, "events are sent again");
      droppedBefore = dropped;
    } catch (error) {
      drop(count, error);
    }
  }

  function drop(count: number, error: unknown): void {
    if (dropped === droppedBefore) log.warn({ err: error }, "the broker does not take events: they are dropped");
    dropped += count;
  }

  function sendBatch(): void {
    if (batch.length === 0) return;
    const events = batch;
    batch = [];
    publish("task.multi", events, events.length);
  }

  return {
    get sendsTaskEvents() {
      return sendsTaskEvents;
    },
    get dropped() {
      return dropped;
    },
    switchTaskEvents(on) {
      const changes = on !== sendsTaskEvents;
      sendsTaskEvents = on;
      return changes;
    },
    sendTaskEvent(type, fields) {
      if (!sendsTaskEvents) return;
      if (batch.length === 0) setImmediate(sendBatch);
      batch.push(event(type, fields));
      if (batch.length >= batchSize) sendBatch();
    },
    send(type, fields) {
      publish(type.replaceAll("-", "."), event(type, fields), 1);
    },
    async flush() {
      sendBatch();
      await Promise.all(underWay);
    },
  };
}

/** Whole hours, as Python's `utcoffset` has them: positive in the west. */
function hoursWestOfUtc(): number {
  return Math.floor(new Date().getTimezoneOffset() / 60);
}
