import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { Continuation } from "../canvas/continuation.ts";
import type { Signature } from "../canvas/signature.ts";
import { CeleryError } from "../celery-error.ts";
import type { DecodedTask } from "../message/decode-task.ts";
import { encodeRetry } from "../message/encode-task.ts";
import { celeryErrors } from "../results/celery-errors.ts";
import { remoteError, traceback } from "../results/python-error.ts";
import type { ResultTuple } from "../results/result-tuple.ts";
import type { RemoteError, ResultStore, TaskMeta } from "../results/results.ts";
import { type ExtendedMeta, taskMeta } from "../results/task-meta.ts";
import { type Held, type HeldMessages, identity, logged, type Refusal, requestView, type Work } from "./held.ts";
import type { Emit } from "./hooks.ts";
import type { Outcome } from "./outcome.ts";
import type { Retry } from "./outcomes.ts";
import type { Persistence, Settlement } from "./settle.ts";
import type { TaskBook } from "./task-book.ts";
import { pause } from "./waiting.ts";

export interface EndMessageOptions {
  broker: Broker;
  results: ResultStore;
  held: HeldMessages;
  book: TaskBook;
  persist: Persistence;
  continuation: Continuation;
  /** Node name of the worker, for `result_extended`. */
  worker: string;
  /** Celery's `result_extended`. */
  extended: boolean;
  emit: Emit;
  log: Logger;
}

/** What becomes of a message and of its result: the one place that ends messages. */
export interface EndMessage {
  as(held: Held, outcome: Outcome, seconds: number): Promise<void>;
  /** Back to the head of the queue. Never rejects. */
  giveBack(held: Held, options?: { persist?: Persistence; death?: boolean }): Promise<void>;
  /** After the broker's answer. */
  concluded(held: Held, settlement: Settlement): void;
  meta(work: Work, status: TaskMeta["status"], result: unknown): TaskMeta;
  /** Whether no result of it is wanted. */
  isSilent(work: Work): boolean;
}

/** A task that asks for its message to be requeued keeps its slot for so long, lest the two turn in circles at full speed. */
const requeueRest = 1_000;

export function endMessages(options: EndMessageOptions): EndMessage {
  const { broker, results, held: all, book, persist, continuation, worker, extended, emit, log } = options;

  async function as(held: Held, outcome: Outcome, runtime: number): Promise<void> {
    try {
      await end(held, outcome, runtime);
    } catch (error) {
      if (!(error instanceof CeleryError)) throw error;
      // Done again it would come to the same, so that a person must look at it.
      log.error({ ...logged(held), err: error }, "what belongs to the end of a task cannot be done");
      if (held.acknowledged) all.remove(held);
      else await deadLetter(held, "unsettled", error.message);
    }
  }

  async function end(held: Held, outcome: Outcome, runtime: number): Promise<void> {
    const who = identity(held);
    switch (outcome.kind) {
      case "succeeded":
        return succeeded(held, held.work!, outcome.value, runtime);
      case "failed":
        return failed(held, held.work!, outcome.error, runtime);
      case "timed-out":
        return failed(held, held.work!, outcome.error, runtime);
      case "worker-lost":
        return workerLost(held, held.work!, outcome.error, runtime);
      case "revoked":
        return revoked(held, held.work!, outcome);
      case "retried":
        return retried(held, held.work!, outcome.retry, runtime);
      case "replaced":
        return replaced(held, held.work!, outcome.by.signature, runtime);
      case "ignored":
        log.info({ ...logged(held), runtime, why: outcome.why }, "task ignored");
        emit("task:ignored", who, view(held));
        return acknowledge(held);
      case "done-before":
        return doneBefore(held, held.work!, outcome.value);
      case "refused":
        return refused(held, outcome.refusal);
      case "requeued":
        await giveBack(held);
        return pause(requeueRest, held.stop.signal);
      case "interrupted":
        return interrupted(held);
      case "left":
        log.warn(logged(held), "left to whoever has the message now");
        return all.remove(held);
    }
  }

  async function succeeded(held: Held, work: Work, value: unknown, runtime: number): Promise<void> {
    const { decoded } = work;
    const children = [...held.children];
    if (continuation.isWanted(decoded)) {
      const send = async () => {
        children.push(...(await continuation.succeeded(decoded, value)));
      };
      try {
        if (!(await persist.insist(held, "sending what follows a task", send))) return letGo(held);
      } catch (error) {
        if (error instanceof CeleryError) return failed(held, work, error, runtime);
        throw error;
      }
    }
    if (!(await stored(held, work, "SUCCESS", value, null, children))) return letGo(held);
    if (!(await joined(held, work, value))) return letGo(held);
    const who = identity(held);
    log.info({ ...logged(held), runtime }, "task succeeded");
    emit("task:succeeded", { ...who, runtime, value }, view(held));
    return acknowledge(held);
  }

  async function replaced(held: Held, work: Work, by: Signature, runtime: number): Promise<void> {
    const replace = () => continuation.replaced(work.decoded, by, held.delivery.queue);
    try {
      if (!(await persist.insist(held, "sending what replaces a task", replace))) return letGo(held);
    } catch (error) {
      if (error instanceof CeleryError) return failed(held, work, error, runtime);
      throw error;
    }
    log.info({ ...logged(held), by: by.task }, "task replaced");
    emit("task:ignored", identity(held), view(held));
    return acknowledge(held);
  }

  /** Whoever ran it may have died between storing the result and counting it in its chord. */
  async function doneBefore(held: Held, work: Work, value: unknown): Promise<void> {
    if (!(await joined(held, work, value))) return letGo(held);
    log.info(logged(held), "the task has succeeded before; its message was delivered again");
    emit("task:ignored", identity(held), view(held));
    return acknowledge(held);
  }

  async function joined(held: Held, { decoded }: Work, value: unknown): Promise<boolean> {
    if (!decoded.embed.chord) return true;
    const join = () => continuation.joined(decoded, "SUCCESS", value);
    return persist.insist(held, "counting a member of a chord", join);
  }

  async function failed(held: Held, work: Work, error: unknown, runtime: number): Promise<void> {
    const remote = remoteError(error);
    const trace = traceback(error);
    if (!(await failureStored(held, work, "FAILURE", remote, trace))) return letGo(held);
    const who = identity(held);
    log.error({ ...logged(held), runtime, err: error }, "task failed");
    emit("task:failed", { ...who, runtime, error, remote, traceback: trace }, view(held));
    const { acksLate, acksOnFailureOrTimeout } = book.optionsOf(work.task);
    if (acksLate && !acksOnFailureOrTimeout) {
      return deadLetter(
        held,
        "failed",
        `the task failed with ${remote.exc_type}, and failures are not acknowledged here`,
      );
    }
    return acknowledge(held);
  }

  async function workerLost(held: Held, work: Work, error: Error, runtime: number): Promise<void> {
    const { acksLate, rejectOnWorkerLost } = book.optionsOf(work.task);
    if (!acksLate || !rejectOnWorkerLost) return failed(held, work, error, runtime);
    log.error({ ...logged(held), err: error }, "the process of a task died; its message goes back");
    emit("task:rejected", { ...identity(held), requeue: true }, view(held));
    return giveBack(held, { death: true });
  }

  async function revoked(held: Held, work: Work, how: Outcome & { kind: "revoked" }): Promise<void> {
    const { expired, terminated, signal } = how;
    const remote = celeryErrors.revoked(expired ? "expired" : terminated ? "terminated" : "revoked");
    if (!(await failureStored(held, work, "REVOKED", remote, null))) return letGo(held);
    log.warn({ ...logged(held), ...how }, expired ? "task expired before it could run" : "task revoked");
    emit("task:revoked", { ...identity(held), expired, terminated, signal }, view(held));
    return acknowledge(held);
  }

  async function retried(held: Held, work: Work, retry: Retry, runtime: number): Promise<void> {
    const { countdown, cause } = retry;
    const { queue } = held.delivery;
    // Stored before the next try can be seen: afterwards it might overwrite that one's state.
    const error = cause ?? retry;
    const remote = remoteError(error);
    const trace = traceback(error);
    if (!(await stored(held, work, "RETRY", remote, trace))) return letGo(held);
    const eta = countdown > 0 ? new Date(Date.now() + countdown * 1000) : undefined;
    const next = encodeRetry(work.decoded.envelope, queue, eta);
    const settlement = held.acknowledged
      ? await persist.settle(held, () => broker.publish(queue, next).then(() => "DONE" as const))
      : await persist.settle(held, () => broker.retry(held.delivery.tag, queue, next));
    if (settlement === "DONE") {
      const who = identity(held);
      log.warn({ ...logged(held), runtime, countdown, err: cause }, "task will be tried again");
      emit("task:retried", { ...who, runtime, countdown, cause, remote, traceback: trace }, view(held));
    }
    concluded(held, settlement);
  }

  async function refused(held: Held, refusal: Refusal): Promise<void> {
    const { reason, text, id, error, traceback: trace } = refusal;
    const { work } = held;
    const silent = work ? isSilent(work) : false;
    const store = async () => {
      if (id !== undefined) await results.store(taskMeta({ id }, "FAILURE", error, trace));
    };
    if (!silent && !(await persist.insist(held, "storing why a message is put aside", store))) return letGo(held);
    if (refusal.decoded && !(await failureTold(held, refusal.decoded, "FAILURE", error, trace))) return letGo(held);
    if (held.acknowledged) return all.remove(held);
    return deadLetter(held, reason, text);
  }

  async function deadLetter(held: Held, reason: string, text: string): Promise<void> {
    const { queue } = held.delivery;
    const { id, name } = held.refusal ?? held.work!.request;
    const settlement = await persist.settle(held, () => broker.deadLetter(held.delivery.tag, reason, text));
    if (settlement === "DONE") {
      log.error({ task: name, taskId: id, queue, reason, text }, "message put aside: see the dead-letter list");
      emit("task:dead-lettered", { id, name, queue, reason, text }, view(held));
    }
    concluded(held, settlement);
  }

  /** The worker stops. What was acknowledged before it ran cannot go back: it ends here. */
  async function interrupted(held: Held): Promise<void> {
    held.runningSince = undefined;
    if (!held.acknowledged) return;
    const remote = celeryErrors.workerLost("the worker stopped, and the message had been acknowledged before");
    await failureStored(held, held.work!, "FAILURE", remote, null);
    all.remove(held);
  }

  async function failureStored(
    held: Held,
    work: Work,
    state: "FAILURE" | "REVOKED",
    error: RemoteError,
    trace: string | null,
  ): Promise<boolean> {
    const { storeErrorsEvenIfIgnored } = book.optionsOf(work.task);
    if (!(await stored(held, work, state, error, trace, [], storeErrorsEvenIfIgnored))) return false;
    return failureTold(held, work.decoded, state, error, trace);
  }

  async function failureTold(
    held: Held,
    decoded: DecodedTask,
    state: "FAILURE" | "REVOKED",
    error: RemoteError,
    trace: string | null,
  ): Promise<boolean> {
    if (!continuation.isWanted(decoded)) return true;
    const tell = () => continuation.failed(decoded, state, error, trace);
    return persist.insist(held, "telling of a failure", tell);
  }

  /** The result comes first, the acknowledgement after it: a crash between them repeats the task, and loses nothing. */
  async function stored(
    held: Held,
    work: Work,
    state: TaskMeta["status"],
    result: unknown,
    trace: string | null = null,
    children: ResultTuple[] = [],
    evenIfSilent = false,
  ): Promise<boolean> {
    if (isSilent(work) && !evenIfSilent) return true;
    const record = meta(work, state, result, trace, children);
    return persist.insist(held, `storing ${state}`, () => results.store(record));
  }

  function meta(
    work: Work,
    status: TaskMeta["status"],
    result: unknown,
    trace: string | null = null,
    children: ResultTuple[] = [],
  ): TaskMeta {
    const { id, groupId, parentId } = work.decoded;
    const extras = extended ? { children, extended: extendedMeta(work) } : { children };
    return taskMeta({ id, groupId, parentId }, status, result, trace, extras);
  }

  function extendedMeta({ request }: Work): ExtendedMeta {
    const { name, args, kwargs, retries, queue, stamps } = request;
    return { name, args, kwargs, worker, retries, queue, stamps };
  }

  function isSilent({ decoded, task }: Work): boolean {
    return decoded.ignoreResult || book.optionsOf(task).ignoreResult;
  }

  async function acknowledge(held: Held): Promise<void> {
    if (held.acknowledged) return all.remove(held);
    concluded(held, await persist.settle(held, () => broker.acknowledge(held.delivery.tag)));
  }

  function concluded(held: Held, settlement: Settlement): void {
    if (settlement === "GAVE_UP") letGo(held);
    else all.remove(held);
    if (settlement === "LOST") {
      log.warn(logged(held), "the message was no longer ours: possibly somebody else runs this task, too");
      emit("task:duplicate", identity(held), view(held));
    }
  }

  /** Not settled. Once the lease is lost the message comes back by itself; until then the shutdown gives it back. */
  function letGo(held: Held): void {
    if (held.acknowledged || all.isLost(held)) all.remove(held);
  }

  async function giveBack(held: Held, how: { persist?: Persistence; death?: boolean } = {}): Promise<void> {
    if (held.acknowledged) return all.remove(held);
    // Another slot of ours may pop it before we hear that it is back.
    held.leaving = true;
    const insistence = how.persist ?? persist;
    const { death = false } = how;
    const settlement = await insistence.settle(held, () => broker.requeue(held.delivery.tag, { death }));
    if (settlement === "DONE") {
      log.info(logged(held), "message is back at the head of its queue");
      emit("task:requeued", identity(held), view(held));
    }
    concluded(held, settlement);
  }

  return { as, giveBack, concluded, meta, isSilent };
}

function view(held: Held) {
  return held.work && (() => requestView(held, held.work!));
}
