import type { Logger } from "pino";
import type { Broker } from "../../broker/broker.ts";
import type { OnSent } from "../../canvas/task-sender.ts";
import { createEventDispatcher } from "../events/event-dispatcher.ts";
import { type Heart, startHeart } from "../events/heart.ts";
import { LamportClock } from "../events/lamport-clock.ts";
import { taskEvents } from "../events/task-events.ts";
import { taskSentEvents } from "../events/task-sent.ts";
import type { Emit } from "../hooks.ts";
import type { WorkerInside } from "../inside.ts";
import type { RevokedTasks } from "../revoked-tasks.ts";
import { type Control, type ControlFacts, startControl } from "./control.ts";
import { type Gossip, startGossip } from "./gossip.ts";
import type { ControlAccess } from "./method.ts";
import { mingle } from "./mingle.ts";

export interface RemoteControlOptions {
  /** Connected when {@link RemoteControl.start} is called. */
  broker: Broker;
  inside: WorkerInside;
  revoked: RevokedTasks;
  log: Logger;
  access: ControlAccess;
  /** Whether task events are sent from the start. */
  taskEvents: boolean;
  /** Seconds between heartbeats; 0: none. */
  heartbeatInterval: number;
  mingle: boolean;
  gossip: boolean;
  /** Sends a signature, in Celery's form, as the winner of an election is to do. */
  call: (signature: unknown) => Promise<unknown>;
  /** Told of every request of remote control. */
  count?: (request: ControlFacts) => void;
  /** `control_exchange`; `celery` by default. */
  namespace?: string;
  /** `event_exchange`; `celeryev` by default. */
  eventExchange?: string;
}

/** All that a worker says and hears beside its tasks: events, neighbours, remote control. */
export interface RemoteControl {
  /** Listener to the worker's own events. */
  readonly emit: Emit;
  /** Tells the world of tasks that this worker publishes (`task_send_sent_event`). */
  readonly onSent: OnSent;
  readonly clock: LamportClock;
  /** Events that the broker did not take. */
  readonly droppedEvents: number;
  /**
   * Asks the neighbours what is revoked, and begins to send and to listen, in Celery's order: when it resolves, the worker
   * answers to remote control and may consume.
   *
   * @throws the broker's error
   */
  start(): Promise<void>;
  /** Says that we are here again: what was sent while the broker was away reached nobody. */
  reconnected(): void;
  /** Listens no more, and says that we go. Never rejects. */
  stop(): Promise<void>;
}

export function createRemoteControl(options: RemoteControlOptions): RemoteControl {
  const { broker, inside, revoked, log, access, heartbeatInterval, namespace = "celery" } = options;
  const { eventExchange: exchange = "celeryev" } = options;
  const { name } = inside;
  const clock = new LamportClock();
  const events = createEventDispatcher({ broker, name, clock, log, exchange, taskEvents: options.taskEvents });
  let gossip: Gossip | undefined;
  let heart: Heart | undefined;
  let control: Control | undefined;

  async function start(): Promise<void> {
    // Only who may revoke our tasks by remote control may do so in answering us.
    if (options.mingle && access === "full") await mingle({ broker, name, clock, revoked, log, namespace });
    if (options.gossip) gossip = await startGossip({ broker, name, events, clock, log, exchange, call: options.call });
    if (heartbeatInterval > 0) heart = startHeart(events, inside, heartbeatInterval * 1000);
    const { count } = options;
    const parts = { broker, inside, clock, events, revoked, heart, gossip, access, log, namespace };
    control = await startControl(count ? { ...parts, count } : parts);
  }

  async function stop(): Promise<void> {
    heart?.stop();
    heart = undefined;
    const ends = await Promise.allSettled([control?.stop(), gossip?.stop(), events.flush()]);
    for (const end of ends) {
      if (end.status === "rejected") log.debug({ err: end.reason }, "remote control did not end well");
    }
  }

  return {
    emit: taskEvents(events, log),
    onSent: taskSentEvents(events),
    clock,
    get droppedEvents() {
      return events.dropped;
    },
    async start() {
      try {
        await start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    reconnected: () => heart?.online(),
    stop,
  };
}
