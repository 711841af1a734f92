import type { Task } from "../../task.ts";
import { type TaskLookup, taskLookup } from "../../task-names.ts";

/**
 * Imports the application's module and finds its tasks: a list of them, or an app that has `tasks` and perhaps a `fallback`.
 *
 * @param exportName  which export to look at; by default the one named default, or else `app`
 * @throws TypeError when it exports no tasks; and whatever the module throws
 */
export async function loadTasks(app: string, exportName: string | undefined): Promise<TaskLookup> {
  const module: Record<string, unknown> = await import(app);
  const exported = exportName === undefined ? (module.default ?? module.app) : module[exportName];
  const { tasks, fallback, options } = Object(exported) as App;
  const list = Array.isArray(exported) ? exported : tasks;
  if (Array.isArray(list)) return taskLookup(list, fallback ?? options?.fallback);
  throw new TypeError(`its export ${exportName ?? "default"} is neither a list of tasks nor an app that has them`);
}

interface App {
  tasks?: readonly Task[];
  fallback?: TaskLookup;
  options?: { fallback?: TaskLookup };
}
