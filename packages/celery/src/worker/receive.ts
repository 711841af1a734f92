import { type DecodedTask, decodeTask } from "../message/decode-task.ts";
import { UndecodableMessage } from "../message/undecodable-message.ts";
import type { RemoteError } from "../results/results.ts";
import type { Held } from "./held.ts";
import { errorModule } from "./python-error.ts";
import type { TaskRequest } from "./task.ts";
import { celeryErrors } from "./task-meta.ts";
import type { TaskLookup } from "./task-names.ts";

/**
 * Reads a message and looks for its task. Whatever lies in the message, `held` has either `work` or a `refusal`
 * afterwards; it never throws.
 */
export function receive(held: Held, find: TaskLookup): void {
  const { delivery } = held;
  const headers = delivery.envelope?.headers;
  const known = { id: textIn(headers?.id), name: textIn(headers?.task) };
  const refusal = (reason: string, text: string, error: RemoteError) => ({
    reason,
    text,
    error,
    traceback: null,
    ...known,
  });
  try {
    const decoded = decodeTask(delivery.envelope ?? delivery.raw);
    const request = requestOf(decoded, delivery.queue, delivery.redelivered);
    const next = continuation(decoded);
    if (next) {
      const text = `the message asks for ${next} after the task, which this worker cannot do yet`;
      held.refusal = refusal("unsupported-canvas", text, refusalError("UnsupportedCanvas", text));
      return;
    }
    const task = find(request);
    if (!task) {
      held.refusal = refusal(
        "unknown-task",
        `no task here is named ${request.name}`,
        celeryErrors.notRegistered(request.name),
      );
      return;
    }
    held.work = {
      request,
      task,
      envelope: decoded.envelope,
      owner: { id: decoded.id, groupId: decoded.groupId, parentId: decoded.parentId },
      eta: decoded.eta,
      expires: decoded.expires,
      ignoreResult: decoded.ignoreResult,
    };
  } catch (error) {
    const reason = error instanceof UndecodableMessage ? error.reason : "task-lookup-failed";
    const text = error instanceof Error ? error.message : String(error);
    held.refusal = refusal(reason, text, refusalError("UndecodableMessage", text));
  }
}

/** What shall follow the task. Running it and forgetting the rest would break the sender's work in silence. */
function continuation({ embed }: DecodedTask): string | undefined {
  if (embed.chain?.length) return "a chain";
  if (embed.chord !== null) return "a chord";
  if (embed.callbacks?.length) return "callbacks";
  if (embed.errbacks?.length) return "error callbacks";
  return undefined;
}

function requestOf(decoded: DecodedTask, queue: string, redelivered: boolean): TaskRequest {
  const { id, name, args, kwargs, retries, headers, replyTo, rootId, parentId } = decoded;
  return { id, name, queue, args, kwargs, retries, redelivered, headers, replyTo, rootId, parentId };
}

function refusalError(exc_type: string, message: string): RemoteError {
  return { exc_type, exc_message: [message], exc_module: errorModule };
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
