import { RateLimits } from "./rate-limits.ts";
import type { Task, TaskOptions, TaskRequest } from "./task.ts";
import { type TaskLookup, taskLookup } from "./task-names.ts";

export type EffectiveOptions = Required<Omit<TaskOptions, "rateLimit" | "timeLimit" | "softTimeLimit">> &
  Pick<TaskOptions, "rateLimit" | "timeLimit" | "softTimeLimit">;

/** So many names are counted apart. */
const mostNames = 10_000;

/**
 * The tasks of a worker and what holds for each: its own options before the worker's, and before both what remote
 * control has set since.
 */
export class TaskBook {
  readonly rates = new RateLimits();
  /** Received since the start, by name. */
  readonly totals: Record<string, number> = Object.create(null);
  #names = 0;
  readonly #tasks: readonly Task[];
  readonly #lookup: TaskLookup;
  readonly #defaults: EffectiveOptions;
  readonly #options = new WeakMap<Task, EffectiveOptions>();

  /** @throws TypeError when two tasks have the same name; RangeError for a rate limit that is none */
  constructor(tasks: readonly Task[], defaults: EffectiveOptions, fallback?: TaskLookup) {
    this.#tasks = tasks;
    this.#defaults = defaults;
    this.#lookup = taskLookup(tasks, fallback);
    for (const task of tasks) {
      const limit = task.rateLimit ?? defaults.rateLimit;
      if (limit !== undefined) this.rates.set(task.name, limit);
    }
  }

  find(request: TaskRequest): Task | undefined {
    return this.#lookup(request);
  }

  optionsOf(task: Task): EffectiveOptions {
    const known = this.#options.get(task);
    if (known) return known;
    const given = Object.entries(task).filter(([name, value]) => name in optionNames && value !== undefined);
    const options = { ...this.#defaults, ...Object.fromEntries(given) };
    this.#options.set(task, options);
    return options;
  }

  list(): (TaskOptions & { name: string })[] {
    return this.#tasks.map((task) => ({ ...this.optionsOf(task), name: task.name }));
  }

  countReceived(name: string): void {
    // A task with a glob may be called by any number of names.
    if (!(name in this.totals) && this.#names++ >= mostNames) return;
    this.totals[name] = (this.totals[name] ?? 0) + 1;
  }

  setRateLimit(name: string, limit: string): undefined | "unknown task" {
    const task = this.#named(name);
    if (!task) return "unknown task";
    this.rates.set(name, limit);
    this.optionsOf(task).rateLimit = this.rates.has(name) ? limit : undefined;
    return undefined;
  }

  setTimeLimits(
    name: string,
    limits: { soft: number | undefined; hard: number | undefined },
  ): undefined | "unknown task" {
    const task = this.#named(name);
    if (!task) return "unknown task";
    Object.assign(this.optionsOf(task), { timeLimit: limits.hard, softTimeLimit: limits.soft });
    return undefined;
  }

  #named(name: string): Task | undefined {
    return this.#tasks.find((task) => task.name === name);
  }
}

const optionNames: Record<keyof TaskOptions, true> = {
  rateLimit: true,
  timeLimit: true,
  softTimeLimit: true,
  acksLate: true,
  acksOnFailureOrTimeout: true,
  rejectOnWorkerLost: true,
  ignoreResult: true,
  storeErrorsEvenIfIgnored: true,
  trackStarted: true,
};
