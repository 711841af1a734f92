import { loadavg } from "node:os";
import type { WorkerInside } from "../inside.ts";
import type { EventDispatcher } from "./event-dispatcher.ts";
import { software } from "./software.ts";

export interface Heart {
  /** Says that we are here: when we begin, and when others may have missed it. */
  online(): void;
  /** Sends a heartbeat now, beside the regular ones. */
  beat(): void;
  /** Ends the heartbeats and says that we have gone. */
  stop(): void;
}

/**
 * Sends `worker-online`, and `worker-heartbeat` every so often; a receiver takes a worker for dead when it has heard nothing
 * for twice as long (celery 5.6 `worker/heartbeat.py`, `events/state.py`).
 *
 * @param interval  time between heartbeats in ms
 */
export function startHeart(events: EventDispatcher, inside: Pick<WorkerInside, "load">, interval: number): Heart {
  const send = (type: string) =>
    events.send(type, {
      freq: interval / 1000,
      ...inside.load(),
      loadavg: loadavg().map((load) => Math.round(load * 100) / 100),
      ...software,
    });
  const timer = setInterval(() => send("worker-heartbeat"), interval);
  timer.unref();
  send("worker-online");
  return {
    online: () => send("worker-online"),
    beat: () => send("worker-heartbeat"),
    stop() {
      clearInterval(timer);
      send("worker-offline");
    },
  };
}
