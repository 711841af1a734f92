import type { Addresses, App, AppOptions } from "./app-definition.ts";
import { connectApp } from "./connect-app.ts";
import { annotateTasks, readSettings } from "./read-settings.ts";

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
  let warnings = settings.warnings;
  const app: App = {
    options,
    tasks: annotateTasks(options.tasks, settings),
    settings,
    async connect({ signal, log = options.log } = {}) {
      for (const warning of warnings) {
        if (log) log.warn(warning);
        else process.emitWarning(warning, "CelerySetting");
      }
      warnings = [];
      return connectApp(app, addressesOf(app, process.env), { signal, log });
    },
  };
  return app;
}

/** URLs of broker and result store: from the environment, or the app's own. */
export function addressesOf(app: App, env: Readonly<Record<string, string | undefined>>): Addresses {
  const { broker, backend } = app.settings.program;
  return { broker: env.CELERY_BROKER_URL || broker, backend: env.CELERY_RESULT_BACKEND || backend };
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
