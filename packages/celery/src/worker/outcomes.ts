import type { Signature } from "../canvas/signature.ts";
import { CeleryError } from "../celery-error.ts";

/**
 * What a task may throw to say how its message ends. Anything else that is thrown is a failure.
 *
 * | thrown           | result stored | message                                  |
 * | ---------------- | ------------- | ---------------------------------------- |
 * | {@link Retry}      | RETRY         | published again with an eta, in one step |
 * | {@link Replace}    | the other's   | acknowledged, once the other is sent     |
 * | {@link Ignore}     | none          | acknowledged                             |
 * | {@link Requeue}    | none          | back to the head of its queue            |
 * | {@link DeadLetter} | FAILURE       | moved to the dead-letter list            |
 * | any other          | FAILURE       | acknowledged                             |
 */
export abstract class TaskOutcome extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Try again later, under the same id, until `maxRetries` tries have been made beyond the first. */
export class Retry extends TaskOutcome {
  /** Seconds until the next try. */
  readonly countdown: number;
  readonly maxRetries: number;

  /**
   * @param options.countdown   seconds until the next try; 180 by default, as Celery has it
   * @param options.maxRetries  3 by default, as Celery has it; `Infinity` for ever
   * @param options.cause       why; stored with RETRY, and as the FAILURE when no try is left
   */
  constructor(options: { countdown?: number; maxRetries?: number; cause?: unknown } = {}) {
    const countdown = options.countdown ?? 180;
    super(`Retry in ${countdown}s`, { cause: options.cause });
    this.countdown = countdown;
    this.maxRetries = options.maxRetries ?? 3;
  }
}

/** Another task, or canvas, takes this one's place and its id. */
export class Replace extends TaskOutcome {
  readonly signature: Signature;

  constructor(signature: Signature) {
    super(`replaced by ${signature.task}`);
    this.signature = signature;
  }
}

/** The message is done with, and nobody shall read a result from this run of it. */
export class Ignore extends TaskOutcome {
  constructor(reason = "ignored by the task") {
    super(reason);
  }
}

/** This worker is not the one to do it now: the message becomes the next one to be popped. */
export class Requeue extends TaskOutcome {
  constructor(reason = "given back by the task") {
    super(reason);
  }
}

/** The message can never be done by anybody: it is put aside with its reason, for a person to look at. */
export class DeadLetter extends TaskOutcome {
  /** A stable word, such as `wrong-arguments`. */
  readonly reason: string;
  readonly text: string;

  constructor(reason: string, text: string, options?: ErrorOptions) {
    super(`${reason}: ${text}`, options);
    this.reason = reason;
    this.text = text;
  }
}

/** The reason of an aborted `context.signal`: the worker stops, and the message goes back to the head of its queue. */
export class WorkerShutdown extends CeleryError {
  readonly kind = "transient";
  readonly code = "CDT-WORKER-SHUTDOWN";
  readonly help = "nothing to do: the message is taken by the next worker that is free";

  constructor() {
    super("the worker is shutting down, and the time it had for running tasks is over");
  }
}

/** The reason of an aborted `context.leaseLost`. A task that throws it leaves the message to whoever has it now. */
export class LeaseLost extends CeleryError {
  readonly kind = "transient";
  readonly code = "CDT-LEASE-LOST";
  readonly help = "look at the connection to the broker, and for long pauses of this process";
  readonly how: "answered" | "clock";

  /** @param how  `answered`: the broker says it is not ours; `clock`: we could not renew it in time */
  constructor(how: "answered" | "clock") {
    super(
      how === "answered"
        ? "the broker has given this message to somebody else"
        : "the lease of this message could not be renewed in time, so that somebody else may have it",
    );
    this.how = how;
  }
}

/**
 * The reason of an aborted `context.signal`: the soft time limit is over, and the task may still clean up before the hard
 * one ends it. Thrown on, it is the task's failure, under the name that Python's clients know.
 */
export class SoftTimeLimitExceeded extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-SOFT-TIME-LIMIT";
  readonly help = "raise soft_time_limit of this task, or find out what it waited for";
  readonly seconds: number;

  constructor(seconds: number) {
    super(`the task did not end within its soft time limit of ${seconds} s`);
    this.seconds = seconds;
  }
}

/** The hard time limit is over: the failure of a task that was ended for it. */
export class TimeLimitExceeded extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-TIME-LIMIT";
  readonly help = "raise time_limit of this task, or find out what it waited for";
  readonly seconds: number;

  constructor(seconds: number) {
    super(`the task did not end within its time limit of ${seconds} s`);
    this.seconds = seconds;
  }
}

/** The reason of an aborted `context.signal`: somebody revoked the task while it ran, and wants it ended. */
export class TaskRevoked extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-TASK-REVOKED";
  readonly help = "nothing to do: it was asked for";
  /** Name of the signal that was asked for: `TERM`, `KILL`. */
  readonly signal: string;

  constructor(signal: string) {
    super(`the task was revoked while it ran, to be ended by ${signal}`);
    this.signal = signal;
  }
}

/** The failure of a task whose process died under it. */
export class WorkerLostError extends CeleryError {
  readonly kind = "transient";
  readonly code = "CDT-PROCESS-LOST";
  readonly help =
    "look for what ended the process: the kernel's memory killer, a crash, process.exit(); rejectOnWorkerLost runs such tasks again";
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;

  /** @param death.cause  what the process said last, where it could */
  constructor(death: { pid: number; exitCode: number | null; signal: string | null; cause?: unknown }) {
    const { pid, exitCode, signal, cause } = death;
    const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
    super(`process ${pid}, which ran the task, ${how}`, cause === undefined ? undefined : { cause });
    this.pid = pid;
    this.exitCode = exitCode;
    this.signal = signal;
  }
}
