import type { RequestInfo, ScheduledInfo } from "../../client/control-replies.ts";
import { writeIsoTime } from "../../message/iso-time.ts";
import { shownName } from "../events/task-events.ts";
import type { RequestView } from "../inside.ts";

/**
 * A held task as `inspect` shows it (celery 5.6 `worker/request.py`, `Request.info`).
 *
 * @param hostname  node name of the worker
 * @param safe      arguments as texts
 */
export function requestInfo(view: RequestView, hostname: string, safe = false): RequestInfo {
  const { request, deliveryInfo, startedAt } = view;
  return {
    id: request.id,
    name: shownName(request.name, request.headers),
    args: safe ? view.argsrepr : request.args,
    kwargs: safe ? view.kwargsrepr : request.kwargs,
    type: request.name,
    hostname,
    time_start: startedAt ? startedAt.getTime() / 1000 : null,
    acknowledged: view.acknowledged,
    delivery_info: {
      exchange: deliveryInfo.exchange,
      routing_key: deliveryInfo.routingKey,
      priority: deliveryInfo.priority,
      redelivered: deliveryInfo.redelivered,
    },
    worker_pid: view.pid ?? null,
  };
}

/** A task that waits for its time; 6 is the priority of such waiting in Python's timer. */
export function scheduledInfo(view: RequestView, hostname: string): ScheduledInfo {
  const { eta } = view.request;
  return { eta: eta ? writeIsoTime(eta) : null, priority: 6, request: requestInfo(view, hostname) };
}

/** A task that has ended: all that is still known of it is its id. */
export function endedInfo(id: string, hostname: string): RequestInfo {
  return {
    id,
    name: "",
    args: [],
    kwargs: {},
    type: "",
    hostname,
    time_start: null,
    acknowledged: true,
    delivery_info: { exchange: null, routing_key: null, priority: null, redelivered: null },
    worker_pid: null,
  };
}
