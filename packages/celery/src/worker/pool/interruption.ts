import { SoftTimeLimitExceeded } from "../outcomes.ts";
import { after } from "./after.ts";
import type { Job } from "./pool.ts";

/** Whatever may end a task before it ends by itself: the worker's stop, its limits, and who calls {@link abort}. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #job: Job;
  readonly #onStop: () => void;
  readonly #cancelSoft: (() => void) | undefined;
  readonly #cancelHard: (() => void) | undefined;

  /**
   * Begins to count the limits.
   *
   * @param onHardLimit  called with the limit, in seconds, when it is over
   */
  constructor(job: Job, onHardLimit: (seconds: number) => void) {
    const { hard, soft } = job.limits;
    this.#job = job;
    this.#onStop = () => this.abort(job.stop.reason);
    job.stop.addEventListener("abort", this.#onStop);
    if (soft) this.#cancelSoft = after(soft * 1000, () => this.abort(new SoftTimeLimitExceeded(soft)));
    if (hard) this.#cancelHard = after(hard * 1000, () => onHardLimit(hard));
  }

  /** Aborted once, with the first reason there was. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The task has ended: nothing will be aborted any more. */
  done(): void {
    this.#job.stop.removeEventListener("abort", this.#onStop);
    this.#cancelSoft?.();
    this.#cancelHard?.();
  }
}
