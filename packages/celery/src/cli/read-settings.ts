import type { RedisBrokerOptions } from "../broker/redis.ts";
import type { RedisResultsOptions } from "../results/redis.ts";
import type { WorkerOptions } from "../worker/options.ts";
import type { Task } from "../worker/task.ts";
import { globPattern } from "../worker/task-names.ts";
import { checkSetting } from "./check-setting.ts";
import { router, type TaskRoutes } from "./routes.ts";
import { SettingError } from "./setting-error.ts";
import type { ProgramSettings, SettingTarget } from "./setting-target.ts";
import {
  type CelerySettings,
  camelName,
  celeryName,
  fixedSettings,
  type Setting,
  settings,
  whyUnsupported,
} from "./settings.ts";
import {
  brokerTransportOptions,
  resultTransportOptions,
  type TransportOption,
  unsupportedTransportOptions,
} from "./transport-options.ts";
import { nearestName } from "./usage-error.ts";

/** Settings in the terms of those who are told: createWorker, the broker, the result store, and the program itself. */
export interface AppSettings {
  worker: Partial<WorkerOptions>;
  broker: Partial<RedisBrokerOptions>;
  results: Partial<RedisResultsOptions>;
  program: ProgramSettings;
  /** What was set and has no meaning here, as sentences. */
  warnings: string[];
}

/**
 * Reads settings under either spelling of their names. What is unknown or has no meaning here becomes a warning; what
 * would change the meaning of the rest is refused.
 *
 * @throws {SettingError}
 */
export function readSettings(given: CelerySettings & Readonly<Record<string, unknown>>): AppSettings {
  const read: Record<string, Record<string, unknown>> = { worker: {}, broker: {}, results: {}, program: {} };
  const warnings: string[] = [];
  const seen = new Map<string, string>();
  const put = (to: SettingTarget, value: unknown, ms: true | undefined) => {
    const [part, option] = to.split(".") as [string, string];
    read[part]![option] = ms ? Number(value) * 1000 : value;
  };

  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const name = celeryName(key);
    const twin = seen.get(name);
    if (twin !== undefined) throw new SettingError(`${key} and ${twin} are the same setting; say it once`);
    seen.set(name, key);

    const setting: Setting | undefined = Object.hasOwn(settings, name)
      ? settings[name as keyof typeof settings]
      : undefined;
    if (setting === undefined) {
      const warning = notUsed(key, name, value);
      if (warning !== undefined) warnings.push(warning);
      continue;
    }
    checkSetting(key, value, setting);
    if (setting.kind === "broker options") transport(key, value as object, brokerTransportOptions);
    else if (setting.kind === "result options") transport(key, value as object, resultTransportOptions);
    else if (setting.kind === "routes") put(setting.to, router(value as TaskRoutes), undefined);
    else if (name === "worker_enable_remote_control") put(setting.to, value ? "full" : "off", undefined);
    else if (value !== null || setting.to.startsWith("program.")) put(setting.to, value, setting.ms);
    else if (name === "result_expires") put(setting.to, 0, undefined);
  }

  function transport(key: string, given: object, known: Readonly<Record<string, TransportOption>>): void {
    for (const [name, value] of Object.entries(given)) {
      const option = Object.hasOwn(known, name) ? known[name] : undefined;
      if (option === undefined) {
        const why = unsupportedTransportOptions[name];
        const near = nearestName(name, Object.keys(known));
        warnings.push(`${key}.${name} ${why ? `is not needed: ${why}` : `is not known${guess(near)}`}`);
      } else if (option.holds(value)) put(option.to, value, option.ms);
      else throw new SettingError(`${key}.${name} is ${option.wants}, not ${JSON.stringify(value)}`);
    }
  }

  return { ...(read as unknown as AppSettings), warnings };
}

/**
 * The tasks as the settings want them: what a task says itself wins over annotations (the one with its very name over
 * those with globs), and these over the worker's own.
 */
export function annotateTasks(tasks: readonly Task[], { program }: AppSettings): Task[] {
  const { annotations = {}, disableRateLimits = false } = program;
  const globs = Object.entries(annotations).filter(([name]) => /[*?]/.test(name));
  return tasks.map((task) => {
    const fitting = globs.filter(([glob]) => globPattern(glob).test(task.name)).map(([, options]) => options);
    const all: Task = Object.assign({}, ...fitting, annotations[task.name], task);
    if (disableRateLimits) delete all.rateLimit;
    return all;
  });
}

/** @throws {SettingError} when it asks for something that would be done otherwise */
function notUsed(key: string, name: string, value: unknown): string | undefined {
  const fixed = Object.hasOwn(fixedSettings, name) ? fixedSettings[name] : undefined;
  if (fixed !== undefined) {
    if (JSON.stringify(value) === JSON.stringify(fixed.value)) return undefined;
    throw new SettingError(`${key} can only be ${JSON.stringify(fixed.value)}: ${fixed.why}`);
  }
  const why = whyUnsupported(name);
  if (why !== undefined) return `the setting ${key} has no meaning here: ${why}`;
  const names = Object.keys(settings).flatMap((known) => [known, camelName(known)]);
  return `the setting ${key} is not known${guess(nearestName(key, names))}`;
}

function guess(near: string | undefined): string {
  return near === undefined ? "" : `; did you mean ${near}?`;
}
