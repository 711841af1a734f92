import { writeJson } from "../message/inert-json.ts";
import { remoteError, traceback } from "../results/python-error.ts";
import type { Held, Refusal, Work } from "./held.ts";
import {
  DeadLetter,
  Ignore,
  LeaseLost,
  Replace,
  Requeue,
  Retry,
  TimeLimitExceeded,
  WorkerLostError,
} from "./outcomes.ts";
import type { JobEnd } from "./pool/pool.ts";

/** How a message ends. */
export type Outcome =
  | { kind: "succeeded"; value: unknown }
  | { kind: "failed"; error: unknown }
  | { kind: "retried"; retry: Retry }
  | { kind: "replaced"; by: Replace }
  | { kind: "ignored"; why: string }
  | { kind: "revoked"; expired: boolean; terminated: boolean; signal: string | undefined }
  | { kind: "requeued" }
  | { kind: "refused"; refusal: Refusal }
  /** The hard limit was reached: a failure that may be treated differently. */
  | { kind: "timed-out"; error: unknown }
  /** The process that ran it has died. */
  | { kind: "worker-lost"; error: WorkerLostError }
  /** Succeeded before, and was delivered again nevertheless. */
  | { kind: "done-before"; value: unknown }
  /** The worker stops, and gives the message back itself, in order with the others. */
  | { kind: "interrupted" }
  /** Somebody else has the message: theirs to end. */
  | { kind: "left" };

/** What the end of a run means for its message. */
export function outcomeOf(end: JobEnd, held: Held, work: Work): Outcome {
  switch (end.kind) {
    case "returned":
      return returned(end.value, held, work);
    case "threw":
      return thrown(end.error, held, work);
    case "timed-out":
      return { kind: "timed-out", error: new TimeLimitExceeded(end.seconds) };
    case "terminated":
      return { kind: "revoked", expired: false, terminated: true, signal: end.signal };
    case "stopped":
      return { kind: "interrupted" };
    case "lost":
      if (held.stop.raised) return { kind: "interrupted" };
      return { kind: "worker-lost", error: new WorkerLostError({ ...end, cause: end.error }) };
  }
}

/** Whether the value is JSON shows here, where it is still the task's failure and not the result store's. */
function returned(value: unknown, held: Held, work: Work): Outcome {
  if (typeof value !== "object" || value === null) {
    if (typeof value !== "function" && typeof value !== "symbol") return { kind: "succeeded", value };
  }
  try {
    writeJson(value);
    return { kind: "succeeded", value };
  } catch (error) {
    return thrown(error, held, work);
  }
}

function thrown(error: unknown, held: Held, { request, decoded }: Work): Outcome {
  if (error instanceof Ignore) return { kind: "ignored", why: error.message };
  if (error instanceof Replace) return { kind: "replaced", by: error };
  if (error instanceof DeadLetter) {
    const { reason, text } = error;
    const { id, name } = request;
    return {
      kind: "refused",
      refusal: { reason, text, id, name, decoded, error: remoteError(error), traceback: traceback(error) },
    };
  }
  if (error instanceof Retry) {
    if (request.retries < error.maxRetries) return { kind: "retried", retry: error };
    return { kind: "failed", error: error.cause ?? new Error(`failed after ${request.retries} retries`) };
  }
  // What a task throws after we have told it to stop is no failure of its own.
  if (held.stop.raised) return { kind: "interrupted" };
  if (error instanceof Requeue) return { kind: "requeued" };
  if (error instanceof LeaseLost) return { kind: "left" };
  return { kind: "failed", error };
}
