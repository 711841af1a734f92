import type { Logger } from "pino";
import type { WorkerHooks } from "../worker/hooks.ts";
import type { Task, TaskRequest } from "../worker/task.ts";
import { type AppConnection, connectApp } from "./connect-app.ts";
import { type AppSettings, annotateTasks, readSettings } from "./read-settings.ts";
import type { CelerySettings } from "./settings.ts";

/** What makes an app: its tasks, where its broker and its results are, and Celery's settings under their names. */
export interface AppOptions extends CelerySettings {
  /**
   * URL of the broker, as Celery writes it: `redis://host:6379/0`, `rediss://...`; `memory://` for one process alone. In
   * the environment `CELERY_BROKER_URL` wins over it, as with Python's Celery.
   */
  broker?: string;
  /** URL of the result store; `CELERY_RESULT_BACKEND` wins over it. Without one, results are thrown away. */
  backend?: string;
  tasks: readonly Task[];
  /** Asked for the task of a request that none of `tasks` takes. */
  fallback?: (request: TaskRequest) => Task | undefined;
  /** What anybody on the broker may do to a worker: everything, look at it, or nothing; `full` by default, as Celery. */
  control?: "full" | "inspect" | "off";
  /** Seconds after which the tasks of a dead worker are somebody else's; 60 by default, 2 at least. */
  lease?: number;
  /** Seconds that running tasks get after TERM; 20 by default, so that 30 s of Kubernetes' patience suffice. */
  shutdownGrace?: number;
  /** Seconds that tasks get to clean up after their signal was aborted; 5 by default. */
  abortGrace?: number;
  /** A message that so many workers have died over is put aside; see {@link WorkerOptions.maxDeaths}. */
  maxDeaths?: number;
  /**
   * Names of environment variables that the children of the process pool get besides PATH, HOME, LANG, LC_ALL, TZ, TMPDIR
   * and NODE_OPTIONS. All others, and the secrets in them, stay with the worker.
   */
  childEnvironment?: readonly string[];
  /** Listeners, for metrics and the like. They run in the worker's main process. */
  hooks?: WorkerHooks;
  /** Instead of the program's own log. */
  log?: Logger;
}

/** An app: the default export of the module that `celery-node -A` names. */
export interface App {
  readonly options: AppOptions;
  /** With the settings that apply to tasks, such as `task_annotations`. */
  readonly tasks: readonly Task[];
  readonly settings: AppSettings;
  /**
   * Connects to broker and result store, and makes a client: for programs that send tasks.
   *
   * @throws {RedisError} when one of them cannot be reached, or a URL cannot be read
   */
  connect(options?: { signal?: AbortSignal; log?: Logger }): Promise<AppConnection>;
}

/**
 * Makes an app of its options. Settings may stand under Celery's names or in camel case: `task_time_limit: 60` and
 * `taskTimeLimit: 60` are the same. A setting that is not known is told as a warning when the app is used.
 *
 * @throws {SettingError} when a setting holds what it cannot hold
 */
export function defineApp(options: AppOptions): App {
  const { broker, backend, ...rest } = options;
  const given: Record<string, unknown> = { ...rest };
  for (const name of ownOptions) delete given[name];
  // `broker` and `backend` are broker_url and result_backend, as they are in Python's Celery().
  if (broker !== undefined) given.broker_url = broker;
  if (backend !== undefined) given.result_backend = backend;
  const settings = readSettings(given);
  const app: App = {
    options,
    tasks: annotateTasks(options.tasks, settings),
    settings,
    connect: ({ signal, log } = {}) => connectApp(app, addressesOf(app, process.env), { signal, log }),
  };
  return app;
}

/** URLs of broker and result store: from the environment, or the app's own. */
export function addressesOf(app: App, env: Readonly<Record<string, string | undefined>>): Addresses {
  const { broker, backend } = app.settings.program;
  return { broker: env.CELERY_BROKER_URL || broker, backend: env.CELERY_RESULT_BACKEND || backend };
}

export interface Addresses {
  broker: string | undefined;
  backend: string | undefined;
}

const ownOptions = [
  ...[
    "tasks",
    "fallback",
    "control",
    "lease",
    "shutdownGrace",
    "abortGrace",
    "maxDeaths",
    "childEnvironment",
    "hooks",
    "log",
  ],
] as const satisfies (keyof AppOptions)[];
