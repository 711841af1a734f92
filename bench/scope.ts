import type { Scope } from "../testing/scope.ts";

/** A scope for a program: what was started last ends first. */
export interface ProgramScope extends Scope {
  /** Ends everything, even where one end fails; called again it waits for the same end. @throws the first failure */
  close(): Promise<void>;
}

export function programScope(): ProgramScope {
  const ends: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  return {
    after: (work) => void ends.push(work),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };

  async function closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
      await Promise.resolve()
        .then(end)
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
