import type { Signature, SignatureOptions } from "./signature.ts";

/** What a signature stands for; whatever is none of the three compositions is a task. */
export type SignatureKind = "task" | "chain" | "group" | "chord";

export function kindOf({ subtask_type }: Signature): SignatureKind {
  return subtask_type === "chain" || subtask_type === "group" || subtask_type === "chord" ? subtask_type : "task";
}

/** Steps of a chain, members of a group. */
export function tasksOf(composition: Signature): readonly Signature[] {
  return composition.kwargs.tasks as Signature[];
}

export function headerOf(chord: Signature): readonly Signature[] {
  return chord.kwargs.header as Signature[];
}

export function bodyOf(chord: Signature): Signature {
  return chord.kwargs.body as Signature;
}

export function chainOf(tasks: readonly Signature[], options: SignatureOptions = {}): Signature {
  return composition("celery.chain", "chain", { tasks }, options);
}

export function groupOf(tasks: readonly Signature[], options: SignatureOptions = {}): Signature {
  return composition("celery.group", "group", { tasks }, options);
}

/** The empty `kwargs` is where Celery looks for what the header is to be called with. */
export function chordOf(header: readonly Signature[], body: Signature, options: SignatureOptions = {}): Signature {
  return composition("celery.chord", "chord", { kwargs: {}, header, body }, options);
}

export function withOptions(signature: Signature, options: SignatureOptions): Signature {
  return { ...signature, options: { ...signature.options, ...options } };
}

export function withTasks(
  composition: Signature,
  change: (task: Signature, index: number, all: readonly Signature[]) => Signature,
): Signature {
  return { ...composition, kwargs: { ...composition.kwargs, tasks: tasksOf(composition).map(change) } };
}

export function withBody(chord: Signature, body: Signature): Signature {
  return { ...chord, kwargs: { ...chord.kwargs, body } };
}

export function withHeader(chord: Signature, header: readonly Signature[], body: Signature): Signature {
  return { ...chord, kwargs: { ...chord.kwargs, header, body } };
}

/** Partial arguments come first; what is immutable takes none. */
export function withArguments(
  signature: Signature,
  args: readonly unknown[] = [],
  kwargs: Readonly<Record<string, unknown>> = {},
): Signature {
  if (signature.immutable || (args.length === 0 && Object.keys(kwargs).length === 0)) return signature;
  return { ...signature, args: [...args, ...signature.args], kwargs: { ...signature.kwargs, ...kwargs } };
}

/** A nested group is no member of its own: its members are. */
export function membersOf(tasks: readonly Signature[]): Signature[] {
  return tasks.flatMap((task) => (kindOf(task) === "group" ? membersOf(tasksOf(task)) : [task]));
}

/** Celery's options that hold one or more signatures, or null. */
export function listOf(option: unknown): unknown[] {
  if (option === undefined || option === null) return [];
  return Array.isArray(option) ? option : [option];
}

function composition(task: string, subtask_type: string, kwargs: Record<string, unknown>, options: SignatureOptions) {
  return { task, args: [], kwargs, options, subtask_type, immutable: false };
}
