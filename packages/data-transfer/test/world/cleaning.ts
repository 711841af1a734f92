import type { Scope } from "../../../../testing/scope.ts";

/** What was set up last goes first, whatever the order in which the runner calls its hooks. */
export function lastFirst(scope: Scope): Scope {
  const works: (() => void | Promise<void>)[] = [];
  scope.after(async () => {
    for (const work of works.reverse()) await work();
  });
  return { after: (work) => void works.push(work) };
}
