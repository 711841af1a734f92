import { availableParallelism } from "node:os";
import type { Logger } from "pino";
import type { QueueDeclaration } from "../broker/broker.ts";
import type { WorkerOptions } from "../worker/options.ts";
import type { LoadedApp } from "./command.ts";
import { makePool } from "./make-pool.ts";
import { nodeName } from "./node-name.ts";
import { UsageError } from "./usage-error.ts";
import type { WorkerInput } from "./worker-input.ts";

/** What a worker shall be, of app and command line together. */
export interface Plan {
  options: Omit<WorkerOptions, "broker" | "results" | "log" | "onShutdown">;
  purge: boolean;
  /** Times in ms. */
  stopping: { shutdownGrace: number; softShutdownTimeout: number };
  /** What was asked for and means nothing, as sentences. */
  warnings: string[];
}

/** Seconds that running tasks get after TERM: with the five to clean up they fit in Kubernetes' thirty. */
const defaultGrace = 20;

/** Puts together what the app says and what the command line says, which wins. @throws {UsageError} */
export function planWorker({ app, module }: LoadedApp, input: WorkerInput, log: Logger): Plan {
  if (module === undefined) throw new UsageError("say which app to run", "celery-node worker --app app.ts");
  const { worker, program } = app.settings;
  const { fallback, control, abortGrace, maxDeaths, hooks } = app.options;
  const shutdownGrace = 1000 * (input.shutdownGrace ?? app.options.shutdownGrace ?? defaultGrace);
  const concurrency = input.concurrency ?? (worker.concurrency || availableParallelism());
  const timeLimit = input.timeLimit ?? worker.timeLimit;
  const softTimeLimit = input.softTimeLimit ?? worker.softTimeLimit;
  const prefetchMultiplier = input.prefetchMultiplier ?? worker.prefetchMultiplier;
  const heartbeatInterval = input.withoutHeartbeat ? 0 : input.heartbeatInterval;
  const { pool, warnings } = makePool({
    kind: input.pool ?? program.pool ?? "inline",
    concurrency,
    ...module,
    env: app.options.childEnvironment ?? [],
    maxTasksPerChild: input.maxTasksPerChild ?? program.maxTasksPerChild ?? undefined,
    maxMemoryPerChild: input.maxMemoryPerChild ?? program.maxMemoryPerChild ?? undefined,
    log,
  });
  return {
    options: {
      ...worker,
      ...defined({
        fallback,
        control,
        maxDeaths,
        hooks,
        timeLimit,
        softTimeLimit,
        prefetchMultiplier,
        heartbeatInterval,
      }),
      ...(abortGrace !== undefined && { abortGrace: abortGrace * 1000 }),
      name: nodeName(input.hostname),
      queues: chooseQueues(worker, input),
      tasks: app.tasks,
      pool,
      shutdownGrace,
      events: input.taskEvents || input.events || (worker.events ?? false),
      mingle: !input.withoutMingle,
      gossip: !input.withoutGossip,
    },
    purge: (input.purge || input.discard) ?? false,
    stopping: {
      shutdownGrace,
      softShutdownTimeout: 1000 * (input.softShutdownTimeout ?? program.softShutdownTimeout ?? 0),
    },
    warnings: [...app.settings.warnings, ...warnings],
  };
}

/** `-Q` names them, the app has more to say of some; without it all of the app's, or the default queue; `-X` takes away. */
function chooseQueues(
  { queues = [], defaultQueue = "celery" }: Partial<WorkerOptions>,
  { queues: named, excludeQueues = [] }: WorkerInput,
): (string | QueueDeclaration)[] {
  const known = queues.length > 0 ? queues : [defaultQueue];
  const nameOf = (queue: string | QueueDeclaration) => (typeof queue === "string" ? queue : queue.name);
  const wanted = named ? named.map((name) => queues.find((queue) => nameOf(queue) === name) ?? name) : known;
  const chosen = wanted.filter((queue) => !excludeQueues.includes(nameOf(queue)));
  if (chosen.length === 0) throw new UsageError("no queue is left to consume", "celery-node worker -Q some_queue");
  return chosen;
}

/** Without what is undefined: an option that is not given is not there. */
function defined<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
