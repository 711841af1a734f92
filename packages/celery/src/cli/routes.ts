import type { Address } from "../broker/broker.ts";
import { globPattern } from "../worker/task-names.ts";

/**
 * Celery's `task_routes`: by task name (an exact one first, then those with the globs `*` and `?` in their order), or a
 * function; undefined is the default queue.
 */
export type TaskRoutes =
  | Readonly<Record<string, TaskRoute | string>>
  | ((taskName: string) => TaskRoute | string | undefined);

/** A queue, or an exchange with a routing key. */
export type TaskRoute = { queue: string } | { exchange: string; routing_key: string };

/** Tells where a task goes. */
export function router(routes: TaskRoutes): (taskName: string) => Address | undefined {
  if (typeof routes === "function") return (taskName) => addressOf(routes(taskName));
  const globs = Object.entries(routes)
    .filter(([name]) => /[*?]/.test(name))
    .map(([glob, route]) => ({ pattern: globPattern(glob), route }));
  return (taskName) => {
    const exact = Object.hasOwn(routes, taskName) ? routes[taskName] : undefined;
    return addressOf(exact ?? globs.find(({ pattern }) => pattern.test(taskName))?.route);
  };
}

export function isRoute(value: unknown): boolean {
  if (typeof value === "string") return value !== "";
  const { queue, exchange, routing_key: key, ...rest } = Object(value) as Record<string, unknown>;
  if (Object.keys(rest).length > 0) return false;
  const named = typeof queue === "string" && exchange === undefined && key === undefined;
  return named || (queue === undefined && typeof exchange === "string" && typeof key === "string");
}

function addressOf(route: TaskRoute | string | undefined): Address | undefined {
  if (route === undefined || typeof route === "string") return route;
  return "queue" in route ? route.queue : { exchange: route.exchange, routingKey: route.routing_key };
}
