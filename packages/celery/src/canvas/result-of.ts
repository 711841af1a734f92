import { type ResultTuple, resultTuple } from "../results/result-tuple.ts";
import { bodyOf, headerOf, kindOf, tasksOf } from "./shape.ts";
import type { Signature } from "./signature.ts";

/** What a frozen canvas leads to, as Celery's clients keep it: its last result, with what that one follows. */
export function resultOf(frozen: Signature, parent: ResultTuple | null = null): ResultTuple {
  const id = frozen.options.task_id ?? "";
  switch (kindOf(frozen)) {
    case "task":
      return resultTuple(id, parent);
    case "chain":
      return resultOfSteps(tasksOf(frozen), parent) ?? resultTuple(id, parent);
    case "group":
      return groupResultOf(id, tasksOf(frozen), parent);
    case "chord":
      return resultOf(bodyOf(frozen), groupResultOf(id, headerOf(frozen), parent));
  }
}

export function resultOfSteps(steps: readonly Signature[], parent: ResultTuple | null = null): ResultTuple | null {
  return steps.reduce<ResultTuple | null>((before, step) => resultOf(step, before), parent);
}

export function groupResultOf(
  id: string,
  members: readonly Signature[],
  parent: ResultTuple | null = null,
): ResultTuple {
  return resultTuple(
    id,
    parent,
    members.map((member) => resultOf(member)),
  );
}

export function resultIdOf(frozen: Signature): string {
  return resultOf(frozen)[0][0];
}

/** How many completions a chord waits for, by the members of its header. A chain counts by its end, a chord by its body. */
export function completionsOf(members: readonly Signature[]): number {
  return members.reduce((total, member) => total + completionsOfOne(member), 0);
}

function completionsOfOne(signature: Signature): number {
  switch (kindOf(signature)) {
    case "task":
      return 1;
    case "group":
      return completionsOf(tasksOf(signature));
    case "chord":
      return completionsOfOne(bodyOf(signature));
    case "chain":
      for (const step of tasksOf(signature).toReversed()) {
        const completions = completionsOfOne(step);
        if (completions > 0) return completions;
      }
      return 0;
  }
}
