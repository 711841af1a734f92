import { inspectMethods } from "./inspect-methods.ts";
import type { ControlMethod } from "./method.ts";
import { taskMethods } from "./task-methods.ts";
import { workerMethods } from "./worker-methods.ts";

/** Every method of remote control (celery 5.6 `worker/control.py`). */
export const controlMethods: readonly ControlMethod[] = [...inspectMethods, ...taskMethods, ...workerMethods];

/** A method by its name, or by its older one. */
export const methodsByName: ReadonlyMap<string, ControlMethod> = new Map(
  controlMethods.flatMap((method) =>
    [method.name, method.alias].filter((name) => name !== undefined).map((name) => [name, method]),
  ),
);
