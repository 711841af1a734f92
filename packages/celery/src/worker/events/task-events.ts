import { constants } from "node:os";
import type { Logger } from "pino";
import { writeIsoTime } from "../../message/iso-time.ts";
import { pythonRepr } from "../../message/python-repr.ts";
import { remoteRepr } from "../../results/python-error.ts";
import type { Emit, WorkerEvents } from "../hooks.ts";
import type { RequestView } from "../inside.ts";
import type { EventDispatcher, EventFields } from "./event-dispatcher.ts";

/**
 * Listens to what the worker tells, and tells the world in Celery's words (celery 5.6 `worker/request.py`, `strategy.py`).
 * While events of tasks are off nothing is built. Never throws.
 */
export function taskEvents(events: EventDispatcher, log: Logger): Emit {
  return (event, facts, request) => {
    if (!events.sendsTaskEvents) return;
    const translate = translations[event] as Translation | undefined;
    try {
      const translated = translate?.(facts, request);
      if (translated) events.sendTaskEvent(...translated);
    } catch (error) {
      // What a task returns or throws may object to being looked at.
      log.warn({ err: error, event }, "an event could not be made");
    }
  };
}

type Translated = [type: `task-${string}`, fields: EventFields];
type Translation = (facts: unknown, view: (() => RequestView) | undefined) => Translated | undefined;

/** The worker's events that the world hears of, and what each becomes there. */
const translations: {
  [E in keyof WorkerEvents]?: (facts: WorkerEvents[E], view?: () => RequestView) => Translated | undefined;
} = {
  "task:received": (facts, view) => ["task-received", { uuid: facts.id, ...received(facts, view?.()) }],
  "task:started": ({ id }) => ["task-started", { uuid: id }],
  "task:succeeded": ({ id, value, runtime }) => ["task-succeeded", { uuid: id, result: pythonRepr(value), runtime }],
  "task:failed": ({ id, remote, traceback }) => ["task-failed", { uuid: id, exception: remoteRepr(remote), traceback }],
  "task:retried": ({ id, remote, traceback }) => [
    "task-retried",
    { uuid: id, exception: remoteRepr(remote), traceback },
  ],
  "task:revoked": ({ id, terminated, signal, expired }) => [
    "task-revoked",
    { uuid: id, terminated, signum: signalNumber(signal), expired },
  ],
  "task:rejected": ({ id, requeue }) => ["task-rejected", { uuid: id, requeue }],
  "task:requeued": ({ id }) => ["task-rejected", { uuid: id, requeue: true }],
  "task:dead-lettered": ({ id, name, reason }) => {
    if (id === undefined) return undefined;
    if (reason !== "unknown-task") return ["task-rejected", { uuid: id, requeue: false }];
    return ["task-failed", { uuid: id, exception: `NotRegistered(${pythonRepr(name ?? "")})` }];
  },
};

function received({ name, retries }: WorkerEvents["task:received"], view: RequestView | undefined): EventFields {
  // `celery events` ends when arguments are missing.
  if (!view) return { name, args: "", kwargs: "", retries };
  const { request, argsrepr, kwargsrepr } = view;
  return {
    name: shownName(request.name, request.headers),
    args: argsrepr,
    kwargs: kwargsrepr,
    root_id: request.rootId ?? null,
    parent_id: request.parentId ?? null,
    retries,
    eta: request.eta ? writeIsoTime(request.eta) : null,
    expires: request.expires ? writeIsoTime(request.expires) : null,
  };
}

/** The header `shadow` names a task for those who watch. */
export function shownName(name: string, headers: Readonly<Record<string, unknown>>): string {
  return typeof headers.shadow === "string" && headers.shadow !== "" ? headers.shadow : name;
}

function signalNumber(name: string | undefined): number | null {
  if (name === undefined) return null;
  return constants.signals[`SIG${name.replace(/^SIG/, "")}` as NodeJS.Signals] ?? null;
}
