import type { Task, TaskRequest } from "./task.ts";

/** Finds the task of a request; undefined when there is none. */
export type TaskLookup = (request: TaskRequest) => Task | undefined;

/**
 * Exact names first, then names with the globs `*` (any characters) and `?` (one character) in the order given, then
 * the fallback.
 *
 * @throws TypeError when two tasks have the same name
 */
export function taskLookup(tasks: readonly Task[], fallback?: TaskLookup): TaskLookup {
  const exact = new Map<string, Task>();
  const globs: { pattern: RegExp; task: Task }[] = [];
  for (const task of tasks) {
    if (/[*?]/.test(task.name)) globs.push({ pattern: globPattern(task.name), task });
    else if (exact.has(task.name)) throw new TypeError(`two tasks are named ${task.name}`);
    else exact.set(task.name, task);
  }
  return (request) =>
    exact.get(request.name) ?? globs.find(({ pattern }) => pattern.test(request.name))?.task ?? fallback?.(request);
}

/** What a name with the globs `*` and `?` fits. */
export function globPattern(glob: string): RegExp {
  const literal = glob.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
