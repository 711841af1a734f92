import type { Address } from "../broker/broker.ts";
import type { TaskToSend } from "../message/encode-task.ts";
import type { ResultTuple } from "../results/result-tuple.ts";
import { stepsOf } from "./chain-steps.ts";
import { freeze, freezeMembers, freezeSteps, type NewId, placeOf } from "./freeze.ts";
import { withLinksInside } from "./links.ts";
import { mergeOptions } from "./merge-options.ts";
import { readSignature } from "./read-signature.ts";
import { completionsOf, groupResultOf, resultOf, resultOfSteps } from "./result-of.ts";
import { bodyOf, chainOf, headerOf, kindOf, listOf, membersOf, tasksOf, withArguments } from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";
import { taskOfSignature } from "./task-of-signature.ts";

/** What is to be done so that a canvas runs: chords and groups are made known before the first task is sent. */
export interface Plan {
  readonly chords: { groupId: string; size: number }[];
  /** Headers whose results are not flat, so that the body can be given them in their shape. */
  readonly groups: { groupId: string; group: ResultTuple }[];
  readonly tasks: TaskToSend[];
}

/** With what a signature is called: arguments before its own, options instead of its own. */
export interface Call {
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
  options?: SignatureOptions;
}

export interface Applied {
  /** What the canvas leads to. */
  result: ResultTuple;
  /** What is sent at once: the first step of a chain, the header of a chord. Celery's `children` have it. */
  child: ResultTuple;
}

/**
 * Works out what has to be sent when signatures are applied, as Celery's `apply_async` of the four kinds does (celery 5.6
 * `canvas.py`). Sends nothing.
 *
 * @param route  where a task goes whose signature does not say
 * @param newId  makes the ids of those that have none
 */
export function planCanvas(route: (taskName: string) => Address, newId: NewId) {
  const plan: Plan = { chords: [], groups: [], tasks: [] };

  /** @returns undefined when there is nothing to send, as with an empty chain */
  function apply(
    signature: Signature,
    { args = [], kwargs = {}, options: given = {} }: Call = {},
  ): Applied | undefined {
    const options = mergeOptions(signature.options, given);
    switch (kindOf(signature)) {
      case "task":
        return applyTask({ ...withArguments(signature, args, kwargs), options });
      case "chain":
        return applyChain({ ...withArguments(signature, args), options }, kwargs);
      case "group":
        return applyGroup(withLinksInside({ ...signature, options }), args, kwargs);
      case "chord":
        return applyChord(withLinksInside({ ...withArguments(signature, args), options }), kwargs);
    }
  }

  function applyTask(signature: Signature): Applied {
    const frozen = freeze(signature, {}, newId);
    plan.tasks.push(taskOfSignature(frozen, route));
    const result = resultOf(frozen);
    return { result, child: result };
  }

  /** The options of a chain are for its first step; its place is that of its last. */
  function applyChain(chain: Signature, kwargs: Call["kwargs"]): Applied | undefined {
    const { task_id, group_id, group_index, chord, chain: after, link, link_error, ...options } = chain.options;
    const [first, ...rest] = freezeSteps(stepsOf(chain), placeOf(chain), newId);
    if (!first) return undefined;
    const next = [...listOf(after), ...rest.toReversed()];
    const applied = apply(first, { kwargs, options: { ...options, ...(next.length > 0 && { chain: next }) } });
    if (!applied || rest.length === 0) return applied;
    return { ...applied, result: resultOfSteps([first, ...rest])! };
  }

  function applyGroup(group: Signature, args: Call["args"], kwargs: Call["kwargs"]): Applied | undefined {
    const { task_id, group_id, group_index, chord, chain, ...options } = group.options;
    if (listOf(chain).length > 0) {
      // What follows a group waits for all of it.
      const steps = listOf(chain)
        .toReversed()
        .map((step, index) => readSignature(step, `chain[-${index + 1}]`));
      return apply(chainOf([{ ...group, options: { ...options, task_id } }, ...steps]), { args, kwargs });
    }
    const frozen = freeze({ ...group, options: { ...options, task_id } }, placeOf(group), newId);
    const members = tasksOf(frozen);
    for (const member of members) apply(member, { args, kwargs, options });
    const result = groupResultOf(frozen.options.task_id!, members);
    const [only, ...others] = result[1]!;
    // As in Celery: a group whose only member leads to a group is that one.
    return { result: only?.[1] && others.length === 0 ? only : result, child: result };
  }

  function applyChord(chord: Signature, kwargs: Call["kwargs"]): Applied | undefined {
    const { task_id: id = newId(), chain, group_id, group_index, chord: outer, ...options } = chord.options;
    // What follows the chord, and where it stands, is its body's.
    const bodyOptions = { ...options, group_id, group_index, chord: outer, chain };
    const body = freeze(calledWith(bodyOf(chord), bodyOptions), {}, newId);
    const place = { groupId: id, chord: body, rootId: options.root_id };
    const members = freezeMembers(membersOf(headerOf(chord)), place, newId);
    const headerResult = groupResultOf(id, members);
    const result = resultOf(body, headerResult);
    if (members.length === 0) {
      const applied = apply(body, { args: [[]] });
      return applied && { result, child: applied.child };
    }
    plan.chords.push({ groupId: id, size: completionsOf(members) });
    if (headerResult[1]!.some(([, inner]) => inner !== null)) plan.groups.push({ groupId: id, group: headerResult });
    const call = { args: chord.args, kwargs: { ...(chord.kwargs.kwargs as object), ...kwargs }, options };
    for (const member of members) apply(member, call);
    return { result, child: headerResult };
  }

  return { plan, apply };
}

function calledWith(signature: Signature, options: SignatureOptions): Signature {
  return { ...signature, options: mergeOptions(signature.options, options) };
}
