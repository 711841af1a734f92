import { withLinksInside } from "./links.ts";
import { bodyOf, chainOf, chordOf, kindOf, tasksOf, withArguments, withBody } from "./shape.ts";
import type { Signature } from "./signature.ts";

/**
 * The steps of a chain as they follow each other (celery 5.6 `canvas.py`, `prepare_steps`): nested chains are spliced in, a
 * group of one is that one, and a group before another step becomes the header of a chord with that step as its body.
 */
export function stepsOf(chain: Signature): Signature[] {
  const flat = flatSteps(chain);
  const steps: Signature[] = [];
  for (const step of flat.toReversed()) {
    if (kindOf(step) === "group" && tasksOf(step).length === 0 && flat.length > 1) continue;
    const next = steps[0];
    if (next && kindOf(step) === "group") steps[0] = chordOf(tasksOf(step), next, { task_id: step.options.task_id });
    else if (next && endsInGroup(step)) steps[0] = withBody(step, chainOf([bodyOf(step), next]));
    else steps.unshift(step);
  }
  return steps;
}

/** Whether what follows has to wait for all of a group. */
export function endsInGroup(step: Signature): boolean {
  switch (kindOf(step)) {
    case "task":
      return false;
    case "group":
      return true;
    case "chord":
      return endsInGroup(bodyOf(step));
    case "chain":
      return tasksOf(step).slice(-1).some(endsInGroup);
  }
}

function flatSteps(chain: Signature): Signature[] {
  const { args, immutable } = chain;
  const [first, ...rest] = tasksOf(withLinksInside(chain)).flatMap((task) => {
    const step = withoutLoneGroup(task);
    return kindOf(step) === "chain" ? flatSteps(step) : [step];
  });
  if (!first) return [];
  return [immutable ? first : withArguments(first, args), ...rest];
}

function withoutLoneGroup(task: Signature): Signature {
  if (kindOf(task) !== "group") return task;
  const [only, ...others] = tasksOf(withLinksInside(task));
  return only && others.length === 0 ? withoutLoneGroup(only) : task;
}
