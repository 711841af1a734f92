import type { Logger } from "pino";
import type { Broker } from "../broker/broker.ts";
import type { Client } from "../client/client.ts";
import type { Control } from "../client/control.ts";
import type { ResultStore } from "../results/results.ts";
import type { WorkerHooks } from "../worker/hooks.ts";
import type { Task, TaskRequest } from "../worker/task.ts";
import type { AppSettings } from "./read-settings.ts";
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

/** What an app's settings lead to: connected, until it is closed. */
export interface AppConnection {
  broker: Broker;
  results: ResultStore;
  client: Client;
  control: Control;
  close(): Promise<void>;
}

/** Where broker and results are. */
export interface Addresses {
  broker: string | undefined;
  backend: string | undefined;
}
