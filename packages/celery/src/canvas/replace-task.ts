import type { DecodedTask } from "../message/decode-task.ts";
import { endsInGroup, stepsOf } from "./chain-steps.ts";
import { freezeSteps, type NewId } from "./freeze.ts";
import { errorLinked, linked } from "./links.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import { type CanvasLimits, readSignature } from "./read-signature.ts";
import { bodyOf, chainOf, kindOf, listOf, withBody, withOptions, withTasks } from "./shape.ts";
import type { Signature } from "./signature.ts";

/**
 * What takes a task's place (celery 5.6 `app/task.py`, `replace`): its last step has the task's id, its callbacks and its place
 * in a chord; every step has its errbacks; then comes what was left of its chain.
 *
 * @param queue  where a task goes that gathers the results of a group, which cannot have one id by itself
 * @throws {MalformedCanvas}
 */
export function replacementOf(
  task: DecodedTask,
  by: Signature,
  { queue, newId, limits }: { queue: string; newId: NewId; limits?: CanvasLimits | undefined },
): Signature {
  const { callbacks, errbacks, chain, chord } = task.embed;
  const signature = readSignature(by, "the replacement", limits);
  if ((signature.options.chord ?? null) !== null) {
    throw new MalformedCanvas("the replacement", "it is a member of a chord of its own");
  }
  const whole = endsInGroup(signature) ? chainOf([signature, accumulate(queue)]) : chainOf([signature]);
  const steps = stepsOf(errorLinked(linked(chainOf(stepsOf(whole)), listOf(callbacks)), listOf(errbacks)));
  if (steps.length === 0) throw new MalformedCanvas("the replacement", "there is nothing in it");
  const { id, groupId, groupIndex, rootId } = task;
  const place = { id, groupId, groupIndex, rootId, ...(chord !== null && chord !== undefined && { chord }) };
  const rest = listOf(chain).toReversed();
  const left = rest.map((step, index) => readSignature(step, `chain[${rest.length - 1 - index}]`, limits));
  const nesting = { replaced_task_nesting: task.replacedTaskNesting + 1 };
  const all = [...freezeSteps(withoutLastId(steps), place, newId), ...left];
  return chainOf(all.map((step) => withOptions(step, nesting)));
}

/** An id of its own would keep the last step from having the task's. */
function withoutLastId(steps: readonly Signature[]): Signature[] {
  return steps.map((step, index) => (index === steps.length - 1 ? withoutId(step) : step));
}

function withoutId(end: Signature): Signature {
  switch (kindOf(end)) {
    case "task":
    case "group": {
      const { task_id: _id, group_id: _group, group_index: _index, ...options } = end.options;
      return { ...end, options };
    }
    case "chain":
      return withTasks(end, (task, index, all) => (index === all.length - 1 ? withoutId(task) : task));
    case "chord":
      return withBody(end, withoutId(bodyOf(end)));
  }
}

function accumulate(queue: string): Signature {
  return {
    task: "celery.accumulate",
    args: [],
    kwargs: { index: 0 },
    options: { queue },
    subtask_type: null,
    immutable: false,
  };
}
