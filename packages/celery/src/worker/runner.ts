import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { Client } from "../client/client.ts";
import { encodeRetry } from "../message/encode-task.ts";
import { writeJson } from "../message/inert-json.ts";
import type { ResultStore, TaskMeta } from "../results/results.ts";
import { type Held, type HeldMessages, identity, monotonic, type Refusal, type Work } from "./held.ts";
import type { Emit } from "./hooks.ts";
import { DeadLetter, Ignore, LeaseLost, Requeue, Retry } from "./outcomes.ts";
import { remoteError, traceback } from "./python-error.ts";
import { receive } from "./receive.ts";
import type { Persistence, Settlement } from "./settle.ts";
import { taskContext } from "./task-context.ts";
import { celeryErrors, taskMeta } from "./task-meta.ts";
import type { TaskLookup } from "./task-names.ts";
import { pause } from "./waiting.ts";

export interface RunnerOptions {
  broker: Broker;
  results: ResultStore;
  held: HeldMessages;
  persist: Persistence;
  find: TaskLookup;
  client: Client;
  /** Node name of the worker, told with STARTED. */
  worker: string;
  emit: Emit;
  log: Logger;
}

export interface Runner {
  /** Reads the message: `held` has either `work` or a `refusal` afterwards. */
  receive(held: Held): void;
  isExpired(held: Held): boolean;
  /** Runs the task and settles the message. Never rejects. */
  run(held: Held): Promise<void>;
  /** Back to the head of the queue. Never rejects. */
  giveBack(held: Held, persist?: Persistence): Promise<void>;
  /** Back to the tail of the queue, unchanged. Never rejects. */
  sendToTail(held: Held): Promise<void>;
}

/** How a message ends. */
type Outcome =
  | { kind: "succeeded"; value: unknown }
  | { kind: "failed"; error: unknown }
  | { kind: "retried"; retry: Retry }
  | { kind: "ignored"; why: string }
  | { kind: "expired" }
  | { kind: "requeued" }
  | { kind: "refused"; refusal: Refusal }
  /** The worker stops, and gives the message back itself, in order with the others. */
  | { kind: "interrupted" }
  /** Somebody else has the message: theirs to end. */
  | { kind: "left" };

/** A task that asks for its message to be requeued keeps its slot for so long, lest the two turn in circles at full speed. */
const requeueRest = 1_000;

export function createRunner(options: RunnerOptions): Runner {
  const { broker, results, held: all, persist, find, client, worker, emit, log } = options;

  async function run(held: Held): Promise<void> {
    held.runningSince = new Date();
    const startedAt = monotonic();
    try {
      // ---- from here the message is ours: every path below must end in acknowledge, requeue or dead-letter ----
      const outcome = await outcomeOf(held);
      await end(held, outcome, (monotonic() - startedAt) / 1000);
      // ---- here it is settled, or left to the giving back at shutdown, or not ours any more ----
    } catch (error) {
      // No path is known to lead here. The lease is not renewed any more, so the message comes back to somebody.
      log.error({ err: error, ...identity(held) }, "a message could not be settled; it will come back");
      all.remove(held);
    }
  }

  async function outcomeOf(held: Held): Promise<Outcome> {
    const { work, refusal } = held;
    if (held.lost) return { kind: "left" };
    if (!work) return { kind: "refused", refusal: refusal! };
    if (isExpired(held)) return { kind: "expired" };

    const { request, task } = work;
    const taskLog = log.child({ task: request.name, taskId: request.id });
    const context = taskContext(held, work, { results, client, persist, log: taskLog });
    const told = context.updateState("STARTED", { pid: process.pid, hostname: worker });
    emit("task:started", identity(held));
    let outcome: Outcome;
    try {
      const value = await task.run(context);
      // Whether it is JSON shows here, where it is still the task's failure and not the result store's.
      writeJson(value ?? null);
      outcome = { kind: "succeeded", value };
    } catch (error) {
      outcome = thrown(error, held, work);
    }
    await told;
    return held.abandoned ? { kind: "left" } : outcome;
  }

  function thrown(error: unknown, held: Held, { request }: Work): Outcome {
    if (error instanceof Ignore) return { kind: "ignored", why: error.message };
    if (error instanceof DeadLetter) {
      const { reason, text } = error;
      const { id, name } = request;
      const refusal = { reason, text, id, name, error: remoteError(error), traceback: traceback(error) };
      return { kind: "refused", refusal };
    }
    if (error instanceof Retry) {
      if (request.retries < error.maxRetries) return { kind: "retried", retry: error };
      return { kind: "failed", error: error.cause ?? new Error(`failed after ${request.retries} retries`) };
    }
    // What a task throws after we have told it to stop is no failure of its own.
    if (held.stop.signal.aborted) return { kind: "interrupted" };
    if (error instanceof Requeue) return { kind: "requeued" };
    if (error instanceof LeaseLost) return { kind: "left" };
    return { kind: "failed", error };
  }

  async function end(held: Held, outcome: Outcome, runtime: number): Promise<void> {
    const { tag } = held.delivery;
    const who = identity(held);
    const acknowledge = () => broker.acknowledge(tag);
    switch (outcome.kind) {
      case "succeeded":
        if (!(await stored(held, "SUCCESS", outcome.value))) return letGo(held);
        log.info({ ...who, runtime }, "task succeeded");
        emit("task:succeeded", { ...who, runtime });
        return concluded(held, await persist.settle(held, acknowledge));
      case "failed":
        if (!(await stored(held, "FAILURE", remoteError(outcome.error), traceback(outcome.error)))) return letGo(held);
        log.error({ ...who, runtime, err: outcome.error }, "task failed");
        emit("task:failed", { ...who, runtime, error: outcome.error });
        return concluded(held, await persist.settle(held, acknowledge));
      case "expired":
        if (!(await stored(held, "REVOKED", celeryErrors.expired()))) return letGo(held);
        log.warn({ ...who, expires: held.work?.expires }, "task expired before it could run");
        emit("task:ignored", { ...who, expired: true });
        return concluded(held, await persist.settle(held, acknowledge));
      case "ignored":
        log.info({ ...who, runtime, why: outcome.why }, "task ignored");
        emit("task:ignored", { ...who, expired: false });
        return concluded(held, await persist.settle(held, acknowledge));
      case "retried":
        return endInRetry(held, outcome.retry, runtime);
      case "refused":
        return endInDeadLetter(held, outcome.refusal);
      case "requeued":
        await giveBack(held);
        return pause(requeueRest, held.stop.signal);
      case "interrupted":
        held.runningSince = undefined;
        return;
      case "left":
        log.warn(who, "left to whoever has the message now");
        return all.remove(held);
    }
  }

  async function endInRetry(held: Held, retry: Retry, runtime: number): Promise<void> {
    const { countdown, cause } = retry;
    const { tag, queue } = held.delivery;
    const who = identity(held);
    // Stored before the next try can be seen: afterwards it might overwrite that one's state.
    const error = cause ?? retry;
    if (!(await stored(held, "RETRY", remoteError(error), traceback(error)))) return letGo(held);
    const eta = countdown > 0 ? new Date(Date.now() + countdown * 1000) : undefined;
    const next = encodeRetry(held.work!.envelope, queue, eta);
    const settlement = await persist.settle(held, () => broker.retry(tag, queue, next));
    if (settlement === "DONE") {
      log.warn({ ...who, runtime, countdown, err: cause }, "task will be tried again");
      emit("task:retried", { ...who, runtime, countdown, cause });
    }
    concluded(held, settlement);
  }

  async function endInDeadLetter(held: Held, refusal: Refusal): Promise<void> {
    const { reason, text, id, name } = refusal;
    const { tag, queue } = held.delivery;
    const store = async () => {
      if (id !== undefined) await results.store(taskMeta({ id }, "FAILURE", refusal.error, refusal.traceback));
    };
    const silent = held.work?.ignoreResult ?? false;
    if (!silent && !(await persist.insist(held, "storing why a message is put aside", store))) return letGo(held);
    const settlement = await persist.settle(held, () => broker.deadLetter(tag, reason, text));
    if (settlement === "DONE") {
      log.error({ id, name, queue, reason, text }, "message put aside: see the dead-letter list");
      emit("task:dead-lettered", { id, name, queue, reason, text });
    }
    concluded(held, settlement);
  }

  /** The result comes first, the acknowledgement after it: a crash between them repeats the task, and loses nothing. */
  async function stored(held: Held, state: TaskMeta["status"], result: unknown, trace: string | null = null) {
    const work = held.work!;
    if (work.ignoreResult) return true;
    return persist.insist(held, `storing ${state}`, () => results.store(taskMeta(work.owner, state, result, trace)));
  }

  function concluded(held: Held, settlement: Settlement): void {
    if (settlement === "GAVE_UP") letGo(held);
    else all.remove(held);
    if (settlement === "LOST") {
      log.warn(identity(held), "the message was no longer ours: possibly somebody else runs this task, too");
      emit("task:duplicate", identity(held));
    }
  }

  /** Not settled. Once the lease is lost the message comes back by itself; until then the shutdown gives it back. */
  function letGo(held: Held): void {
    if (all.isLost(held)) all.remove(held);
  }

  async function giveBack(held: Held, insistence = persist): Promise<void> {
    // Another slot of ours may pop it before we hear that it is back.
    held.leaving = true;
    const settlement = await insistence.settle(held, () => broker.requeue(held.delivery.tag));
    if (settlement === "DONE") {
      log.info(identity(held), "message is back at the head of its queue");
      emit("task:requeued", identity(held));
    }
    concluded(held, settlement);
  }

  async function sendToTail(held: Held): Promise<void> {
    const { queue, tag } = held.delivery;
    const { envelope } = held.work!;
    const again = encodeRetry(envelope, queue, undefined);
    const { retries, eta } = envelope.headers;
    const same = { ...again, headers: { ...again.headers, retries, eta } };
    concluded(held, await persist.settle(held, () => broker.retry(tag, queue, same)));
  }

  return {
    receive: (held) => receive(held, find),
    isExpired,
    run,
    giveBack,
    sendToTail,
  };
}

function isExpired({ work }: Held): boolean {
  return work?.expires !== undefined && work.expires.getTime() <= Date.now();
}
