import { pino } from "pino";
import type { Scope } from "../../../../testing/scope.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { memoryBroker } from "../../src/broker/memory.ts";
import { MemoryBrokerHub } from "../../src/broker/memory-hub.ts";
import { type Control, createControl } from "../../src/client/control.ts";
import type { Envelope } from "../../src/message/envelope.ts";
import { plainEnvelope, readPlainMessage } from "../../src/message/plain-envelope.ts";
import { type ControlFacts, startControl } from "../../src/worker/control/control.ts";
import type { ControlAccess } from "../../src/worker/control/method.ts";
import { createEventDispatcher, type EventDispatcher } from "../../src/worker/events/event-dispatcher.ts";
import { LamportClock } from "../../src/worker/events/lamport-clock.ts";
import { type RevokedTasks, revokedTasks } from "../../src/worker/revoked-tasks.ts";
import { type PlainInside, plainInside } from "./plain-inside.ts";

export interface ControlWorld {
  broker: Broker;
  /** Asks from outside. */
  control: Control;
  inside: PlainInside;
  revoked: RevokedTasks;
  events: EventDispatcher;
  clock: LamportClock;
  /** What was counted, in its order. */
  counted: ControlFacts[];
  /** Lines of the log, parsed. */
  logged: Record<string, unknown>[];
  /** Publishes any request, as it is. */
  publish(body: unknown, headers?: Record<string, unknown>): Promise<void>;
}

export const node = "celery@orion";

/** One worker, made of plain data, that listens to remote control on a broker. */
export async function startControlWorld(
  scope: Scope,
  options: { access?: ControlAccess; broker?: Broker; inside?: PlainInside } = {},
): Promise<ControlWorld> {
  const {
    access = "full",
    broker = memoryBroker({ hub: new MemoryBrokerHub() }),
    inside = plainInside(node),
  } = options;
  await broker.connect();
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const clock = new LamportClock();
  const revoked = revokedTasks();
  const events = createEventDispatcher({ broker, name: inside.name, clock, log, taskEvents: false });
  const counted: ControlFacts[] = [];
  const count = (facts: ControlFacts) => void counted.push(facts);
  const parts = { broker, inside, clock, events, revoked, heart: undefined, gossip: undefined, access, log, count };
  const listening = await startControl(parts);
  scope.after(async () => {
    // A server that a test has started is gone before its connections are.
    await Promise.allSettled([listening.stop()]);
    await broker.close();
  });
  return {
    broker,
    control: createControl({ broker }),
    inside,
    revoked,
    events,
    clock,
    counted,
    logged,
    async publish(body, headers = {}) {
      await broker.broadcast("celery.pidbox", "", request(body, headers));
    },
  };
}

function request(body: unknown, headers: Record<string, unknown>): Envelope {
  return plainEnvelope({ exchange: "celery.pidbox", routingKey: "", headers, body });
}

/** Events that arrive on a broker, as their receivers see them, in order. */
export async function hearEvents(broker: Broker): Promise<Record<string, unknown>[]> {
  const heard: Record<string, unknown>[] = [];
  await broker.listen({ exchange: "celeryev", routingKey: "#", queue: "celeryev.test" }, (raw) => {
    const { body } = readPlainMessage(raw);
    heard.push(...([body].flat() as Record<string, unknown>[]));
  });
  return heard;
}

/** What comes out of JSON has no prototype here, which strict comparisons would notice. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
