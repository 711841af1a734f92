import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Logger, pino } from "pino";
import type { Child } from "./child-process.ts";
import { ChildRun } from "./child-run.ts";
import { Crew, type Member } from "./crew.ts";
import { requireConcurrency } from "./inline.ts";
import type { Job, JobEnd, Pool } from "./pool.ts";
import { WaitingJobs } from "./waiting-jobs.ts";

export interface ProcessPoolOptions {
  /**
   * The module that has the tasks, imported by each child: a file's path or URL. Its default export is a list of tasks, or an
   * app with `tasks`.
   */
  app: string | URL;
  /** Name of the export that has the tasks, where it is not the default one. */
  exportName?: string;
  /** Children, and thereby tasks that may run at once; 1 by default. */
  concurrency?: number;
  /** Tasks after which a child is replaced (Celery's `worker_max_tasks_per_child`); none by default. */
  maxTasksPerChild?: number;
  /** KiB of resident memory beyond which a child is replaced once its task has ended (`worker_max_memory_per_child`). */
  maxMemoryPerChild?: number;
  /**
   * Names of environment variables that children get besides PATH, HOME, LANG, LC_ALL, TZ, TMPDIR and NODE_OPTIONS. All others,
   * and the secrets in them, stay with the worker.
   */
  env?: readonly string[];
  /** Time in ms that a child gets to load the application; 60,000 by default. */
  startTimeout?: number;
  /** Time in ms that a task gets to end after its signal was aborted by `terminate`, before its process is killed; 5,000 by default. */
  terminateGrace?: number;
  /** What children write to stdout and stderr: lines of the log (the default), or passed on as it is. */
  output?: "log" | "inherit";
  /** Silent by default. */
  log?: Logger;
}

/**
 * Runs each task in a child process, one at a time in each: a task that blocks, crashes or is killed takes nothing else
 * with it, and a hard limit ends it whatever it does.
 *
 * A soft limit and a gentle termination abort the task's signal: what computes without ever coming back to its event loop
 * does not notice, and only the hard limit ends it. Children end when this process does, however it ends.
 *
 * @throws RangeError for numbers that cannot be
 */
export function processPool(options: ProcessPoolOptions): Pool {
  const { app, concurrency = 1, maxTasksPerChild, maxMemoryPerChild, terminateGrace = 5_000 } = options;
  requireConcurrency(concurrency);
  if (maxTasksPerChild !== undefined && !(Number.isInteger(maxTasksPerChild) && maxTasksPerChild >= 1))
    throw new RangeError(`maxTasksPerChild is a whole number from 1 on, not ${maxTasksPerChild}`);
  const log = options.log ?? pino({ level: "silent" });
  const waiting = new WaitingJobs();
  const crew = new Crew({
    app: moduleUrl(app),
    exportName: options.exportName,
    size: concurrency,
    maxTasks: maxTasksPerChild,
    maxMemory: maxMemoryPerChild,
    env: options.env ?? [],
    startTimeout: options.startTimeout ?? 60_000,
    onOutput: options.output === "inherit" ? undefined : logOutput,
    log,
    onFree: beginWaiting,
  });
  let size = concurrency;
  let runs = 0;
  let stopped = false;

  function beginWaiting(): void {
    while (waiting.size > 0 && running().length < size) {
      const member = crew.take();
      if (!member) return;
      const next = waiting.take()!;
      next.end(begin(next.job, member));
    }
  }

  function begin(job: Job, member: Member): Promise<JobEnd> {
    const { promise, resolve } = Promise.withResolvers<JobEnd>();
    member.run = new ChildRun(job, member.child, ++runs, (end, state) => {
      resolve(end);
      if (state) crew.giveBack(member, state);
    });
    member.run.begin();
    return promise;
  }

  function running(): Member[] {
    return [...crew.members].filter((member) => member.run !== undefined);
  }

  function logOutput(child: Child, stream: "stdout" | "stderr", line: string): void {
    const member = [...crew.members].find((each) => each.child === child);
    const facts = { pid: child.pid, stream, taskId: member?.run?.job.request.id };
    if (stream === "stderr") log.warn(facts, line);
    else log.info(facts, line);
  }

  return {
    implementation: "process",
    get concurrency() {
      return size;
    },
    start: () => crew.start(),
    run(job) {
      if (stopped || job.stop.aborted) return Promise.resolve({ kind: "stopped" });
      const member = waiting.size === 0 && running().length < size ? crew.take() : undefined;
      return member ? begin(job, member) : waiting.add(job);
    },
    terminate(taskId, signal) {
      const found = running().filter(({ run }) => run!.job.request.id === taskId);
      for (const { run } of found) run!.terminate(signal, terminateGrace);
      return waiting.terminate(taskId, signal) || found.length > 0;
    },
    resize(wanted) {
      requireConcurrency(wanted);
      size = wanted;
      crew.resize(wanted);
    },
    facts: () => ({
      implementation: "process",
      concurrency: size,
      processes: [...crew.members].map(({ child }) => child.pid).filter((pid) => pid > 0),
      maxTasksPerChild,
      running: running().length,
      waiting: waiting.size,
      zombies: 0,
      deaths: crew.deaths,
      crashLoop: crew.crashLoop,
    }),
    async stop() {
      stopped = true;
      waiting.stop();
      for (const { run } of running()) run!.abandon();
      await crew.stop();
    },
  };
}

function moduleUrl(app: string | URL): string {
  if (app instanceof URL) return app.href;
  return app.startsWith("file:") ? app : pathToFileURL(resolve(app)).href;
}
