import { CeleryError } from "../celery-error.ts";

/**
 * What a task may throw to say how its message ends. Anything else that is thrown is a failure.
 *
 * | thrown           | result stored | message                                  |
 * | ---------------- | ------------- | ---------------------------------------- |
 * | {@link Retry}      | RETRY         | published again with an eta, in one step |
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
