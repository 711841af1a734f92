import { stepsOf } from "./chain-steps.ts";
import { withLinksInside } from "./links.ts";
import { resultIdOf } from "./result-of.ts";
import { bodyOf, chainOf, groupOf, headerOf, kindOf, membersOf, tasksOf, withHeader } from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";

/** Where a signature stands: what it is given besides what it has itself. */
export interface Place {
  /** Of its (last) result. */
  id?: string | undefined;
  /** The group it is a member of. */
  groupId?: string | undefined;
  groupIndex?: number | undefined;
  /** Body of the chord it is a member of. */
  chord?: unknown;
  rootId?: string | undefined;
}

export type NewId = () => string;

/**
 * Gives every task of a canvas its id and its place in groups and chords, as Celery's `freeze` does (celery 5.6 `canvas.py`).
 * Ids that are there stay, so that freezing again changes nothing.
 */
export function freeze(signature: Signature, place: Place, newId: NewId): Signature {
  switch (kindOf(signature)) {
    case "task":
      return freezeTask(signature, place, newId);
    case "chain":
      return freezeChain(signature, place, newId);
    case "group":
      return freezeGroup(withLinksInside(signature), place, newId);
    case "chord":
      return freezeChord(withLinksInside(signature), place, newId);
  }
}

/** The place that the options of a composition tell: it is that of what it ends with. */
export function placeOf({ options }: Signature): Place {
  const { task_id, group_id, group_index, chord, root_id } = options;
  const given = (value: unknown) => value !== undefined && value !== null;
  return {
    ...(given(task_id) && { id: task_id }),
    ...(given(chord) && { chord, ...(given(group_id) && { groupId: group_id }) }),
    ...(given(group_index) && { groupIndex: group_index }),
    ...(given(root_id) && { rootId: root_id }),
  };
}

/** Only the last step is what others wait for: it alone gets the place. */
export function freezeSteps(steps: readonly Signature[], place: Place, newId: NewId): Signature[] {
  return steps.map((step, index) => freeze(step, index === steps.length - 1 ? place : { rootId: place.rootId }, newId));
}

/** Every member gets its index in the group. */
export function freezeMembers(members: readonly Signature[], place: Place, newId: NewId): Signature[] {
  return members.map((member, groupIndex) => freeze(member, { ...place, id: undefined, groupIndex }, newId));
}

function freezeTask(task: Signature, place: Place, newId: NewId): Signature {
  const { options } = task;
  const frozen: SignatureOptions = { ...options, task_id: options.task_id ?? place.id ?? newId() };
  const groupId = options.group_id ?? place.groupId;
  if (groupId !== undefined) frozen.group_id = groupId;
  if (place.groupIndex !== undefined) frozen.group_index = place.groupIndex;
  if (place.chord !== undefined) frozen.chord = place.chord;
  if (place.rootId !== undefined) frozen.root_id = place.rootId;
  return { ...task, options: frozen };
}

function freezeChain(chain: Signature, place: Place, newId: NewId): Signature {
  const steps = freezeSteps(stepsOf(chain), place, newId);
  const { link: _link, link_error: _errors, ...options } = chain.options;
  const last = steps.at(-1);
  return chainOf(steps, { ...options, ...(last && { task_id: resultIdOf(last) }) });
}

/** Its own id names it; its members belong to the group of a chord where it stands in one, and only then learn of it. */
function freezeGroup(group: Signature, place: Place, newId: NewId): Signature {
  const id = group.options.task_id ?? place.id ?? newId();
  const groupId = place.chord === undefined ? (place.groupId ?? id) : place.groupId;
  const members = freezeMembers(membersOf(tasksOf(group)), { ...place, groupId }, newId);
  return { ...group, kwargs: groupOf(members).kwargs, options: { ...group.options, task_id: id } };
}

/**
 * The place is that of the body, since who waits for a chord waits for it; the chord's own id names its header. Its members
 * are put into that group when the chord begins, under an id that Python's workers may make anew.
 */
function freezeChord(chord: Signature, place: Place, newId: NewId): Signature {
  const id = chord.options.task_id ?? newId();
  const body = freeze(bodyOf(chord), place, newId);
  const members = membersOf(headerOf(chord));
  const header = freezeMembers(members, { chord: body, rootId: place.rootId }, newId);
  return { ...withHeader(chord, header, body), options: { ...chord.options, task_id: id } };
}
