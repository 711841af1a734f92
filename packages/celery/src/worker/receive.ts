import type { Delivery } from "../broker/broker.ts";
import { isFollowed } from "../canvas/continuation.ts";
import { type DecodedTask, decodeTask } from "../message/decode-task.ts";
import { UndecodableMessage } from "../message/undecodable-message.ts";
import { celeryErrors } from "../results/celery-errors.ts";
import { errorModule } from "../results/python-error.ts";
import type { RemoteError } from "../results/results.ts";
import type { Refusal, Work } from "./held.ts";
import type { TaskRequest } from "./task.ts";
import type { TaskLookup } from "./task-names.ts";

export interface Receiving {
  find: TaskLookup;
  /** Celery's `accept_content`. */
  accept: readonly string[];
  /** Who has killed more holders than this is put aside. */
  maxDeaths: number;
}

/** Reads a message and looks for its task. Whatever lies in the message: it never throws. */
export function receive(
  delivery: Delivery,
  { find, accept, maxDeaths }: Receiving,
): { work: Work } | { refusal: Refusal } {
  const headers = delivery.envelope?.headers;
  let known: Pick<Refusal, "id" | "name" | "decoded"> = {
    id: textIn(headers?.id),
    name: textIn(headers?.task),
    decoded: undefined,
  };
  const refuse = (reason: string, text: string, error: RemoteError) => ({
    refusal: { reason, text, error, traceback: null, ...known },
  });
  try {
    const decoded = decodeTask(delivery.envelope ?? delivery.raw, { accept });
    known = { id: decoded.id, name: decoded.name, decoded };
    if (delivery.deaths > maxDeaths) {
      const text = `${delivery.deaths} processes that held this message have died, at most ${maxDeaths} may`;
      return refuse("poison", text, celeryErrors.workerLost(text));
    }
    const request = requestOf(decoded, delivery);
    const task = find(request);
    if (!task) {
      return refuse("unknown-task", `no task here is named ${request.name}`, celeryErrors.notRegistered(request.name));
    }
    return { work: { request, task, decoded } };
  } catch (error) {
    const reason = error instanceof UndecodableMessage ? error.reason : "task-lookup-failed";
    const text = error instanceof Error ? error.message : String(error);
    return refuse(reason, text, { exc_type: "UndecodableMessage", exc_message: [text], exc_module: errorModule });
  }
}

function requestOf(decoded: DecodedTask, delivery: Delivery): TaskRequest {
  return {
    id: decoded.id,
    name: decoded.name,
    queue: delivery.queue,
    args: decoded.args,
    kwargs: decoded.kwargs,
    retries: decoded.retries,
    redelivered: delivery.redelivered,
    headers: decoded.headers,
    replyTo: decoded.replyTo,
    rootId: decoded.rootId,
    parentId: decoded.parentId,
    groupId: decoded.groupId,
    groupIndex: decoded.groupIndex,
    isFollowed: isFollowed(decoded.embed),
    priority: decoded.priority,
    eta: decoded.eta,
    expires: decoded.expires,
    stamps: decoded.stamps,
  };
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
