import { TaskRevoked, TimeLimitExceeded } from "../outcomes.ts";
import { after } from "./after.ts";
import { Interruption } from "./interruption.ts";
import type { Job, JobEnd, Pool } from "./pool.ts";
import { WaitingJobs } from "./waiting-jobs.ts";

export interface InlinePoolOptions {
  /** Tasks that may run at once; 1 by default. */
  concurrency?: number;
  /** Time in ms that a task gets to end after its signal was aborted by the hard limit or TERM; 1,000 by default. */
  grace?: number;
}

/**
 * Runs tasks in this event loop: the least overhead, and no protection from each other. A task that ignores its
 * signal cannot be ended from outside: past its limit it is told as ended, and its function keeps its place until it
 * really returns (`zombies` in the facts).
 *
 * @throws RangeError when the concurrency is no whole number from 1 on
 */
export function inlinePool({ concurrency = 1, grace = 1_000 }: InlinePoolOptions = {}): Pool {
  requireConcurrency(concurrency);
  const waiting = new WaitingJobs();
  const runs = new Set<InlineRun>();
  let stopped = false;

  function begin(job: Job): Promise<JobEnd> {
    const run = new InlineRun(job, grace, () => {
      runs.delete(run);
      beginWaiting();
    });
    runs.add(run);
    return run.end;
  }

  function beginWaiting(): void {
    while (runs.size < concurrency) {
      const next = waiting.take();
      if (!next) return;
      next.end(begin(next.job));
    }
  }

  return {
    implementation: "inline",
    get concurrency() {
      return concurrency;
    },
    async start() {},
    async run(job) {
      if (stopped || job.stop.aborted) return { kind: "stopped" };
      return runs.size < concurrency ? begin(job) : waiting.add(job);
    },
    terminate(taskId, signal) {
      const found = [...runs].filter((run) => run.job.request.id === taskId && !run.isTold);
      for (const run of found) run.terminate(signal);
      return waiting.terminate(taskId, signal) || found.length > 0;
    },
    resize(wanted) {
      requireConcurrency(wanted);
      concurrency = wanted;
      beginWaiting();
    },
    facts() {
      const zombies = [...runs].filter((run) => run.isTold).length;
      return {
        implementation: "inline",
        concurrency,
        processes: [process.pid],
        maxTasksPerChild: undefined,
        running: runs.size - zombies,
        waiting: waiting.size,
        zombies,
        deaths: 0,
        crashLoop: undefined,
      };
    },
    async stop() {
      stopped = true;
      waiting.stop();
      for (const run of runs) run.tell({ kind: "stopped" });
    },
  };
}

/** @throws RangeError */
export function requireConcurrency(concurrency: number): void {
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new RangeError(`a pool's concurrency is a whole number from 1 on, not ${concurrency}`);
}

/** One task on its way. Its end is told once; its function may go on for longer. */
class InlineRun {
  readonly job: Job;
  readonly end: Promise<JobEnd>;
  readonly #tell: (end: JobEnd) => void;
  readonly #interruption: Interruption;
  readonly #grace: number;
  #told = false;
  /** Set once somebody decided how it ends, whatever the function still does. */
  #verdict: JobEnd | undefined;
  #cancelGrace: (() => void) | undefined;

  constructor(job: Job, grace: number, onLeft: () => void) {
    const { promise, resolve } = Promise.withResolvers<JobEnd>();
    this.job = job;
    this.end = promise;
    this.#tell = resolve;
    this.#grace = grace;
    this.#interruption = new Interruption(job, (seconds) =>
      this.#finish({ kind: "timed-out", seconds }, new TimeLimitExceeded(seconds), grace),
    );
    const left = (end: JobEnd) => {
      this.tell(this.#verdict ?? end);
      onLeft();
    };
    Promise.try(() => {
      job.started(process.pid);
      return job.task.run(job.context(this.#interruption.signal));
    }).then(
      (value) => left({ kind: "returned", value }),
      (error) => left({ kind: "threw", error }),
    );
  }

  get isTold(): boolean {
    return this.#told;
  }

  terminate(signal: string): void {
    this.#finish({ kind: "terminated", signal }, new TaskRevoked(signal), signal === "KILL" ? 0 : this.#grace);
  }

  #finish(verdict: JobEnd, reason: Error, grace: number): void {
    this.#verdict ??= verdict;
    this.#interruption.abort(reason);
    this.#cancelGrace?.();
    this.#cancelGrace = after(grace, () => this.tell(this.#verdict!));
  }

  tell(end: JobEnd): void {
    if (this.#told) return;
    this.#told = true;
    this.#interruption.done();
    this.#cancelGrace?.();
    this.#tell(end);
  }
}
