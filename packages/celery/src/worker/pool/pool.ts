import type { Task, TaskContext, TaskRequest } from "../task.ts";

/**
 * Where tasks run. Two implementations, `inlinePool` (this event loop) and `processPool` (a child process each), pass one
 * suite (`pool.conformance.ts`).
 */
export interface Pool {
  /** What `stats` shows as `pool.implementation`. */
  readonly implementation: string;
  /** Tasks that may run at once. */
  readonly concurrency: number;
  /** @throws {ChildStartFailed} when tasks cannot run here: the application does not load, say */
  start(): Promise<void>;
  /**
   * Runs one task to its end, whatever that is. At most `concurrency` run at once; what is given beyond that waits here for
   * its turn, in order. Never rejects.
   */
  run(job: Job): Promise<JobEnd>;
  /** Ends a task, running or waiting, with a signal (`TERM`, `KILL`, ...). False when it is not here. */
  terminate(taskId: string, signal: string): boolean;
  /** More or fewer at once (1 at least); those that run go on. */
  resize(concurrency: number): void;
  facts(): PoolFacts;
  /** Ends what is left of it, as `stopped`: children are killed. */
  stop(): Promise<void>;
}

/** One task to be run. */
export interface Job {
  task: Task;
  request: TaskRequest;
  /** Seconds; the hard limit ends the task, the soft one aborts its signal. Undefined or 0: no limit. */
  limits: { hard: number | undefined; soft: number | undefined };
  /** Aborted when the worker must stop. The pool adds its own reasons: limits, termination. */
  stop: AbortSignal;
  /** Makes what the task gets. Called once, in this process; a pool of processes passes its calls on. */
  context(signal: AbortSignal): TaskContext;
  /** Called when the task begins. */
  started(pid: number): void;
}

/** How a run ended. What `threw` carries may be a TaskOutcome (Retry, Ignore, ...), of this process' own class. */
export type JobEnd =
  | { kind: "returned"; value: unknown }
  | { kind: "threw"; error: unknown }
  /** The hard limit was reached; `seconds` is the limit. */
  | { kind: "timed-out"; seconds: number }
  /** By {@link Pool.terminate}. */
  | { kind: "terminated"; signal: string }
  /** Its process died under it; `error` is what the process said last, where it could. */
  | { kind: "lost"; pid: number; exitCode: number | null; signal: string | null; error: Error | undefined }
  /** The worker stops, and the task did not begin, or did not end before {@link Pool.stop}. */
  | { kind: "stopped" };

export interface PoolFacts {
  implementation: string;
  concurrency: number;
  /** Pids. */
  processes: number[];
  maxTasksPerChild: number | undefined;
  /** Tasks that run now, zombies not counted. */
  running: number;
  /** Tasks that wait for a place. */
  waiting: number;
  /** Functions that go on after their task was ended: each keeps its place until it really ends. */
  zombies: number;
  /** Child processes that died without having been asked to, since the start. */
  deaths: number;
  /** Present while children die one after the other: when the next one is started, and what the last one said. */
  crashLoop: { next: Date; error: string } | undefined;
}
