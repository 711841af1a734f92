import { stepsOf } from "./chain-steps.ts";
import { errorLinked, linked } from "./links.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import {
  bodyOf,
  chainOf,
  chordOf,
  groupOf,
  headerOf,
  kindOf,
  listOf,
  tasksOf,
  withArguments,
  withHeader,
  withOptions,
  withTasks,
} from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";
import { type SignatureSettings, signatureOptions, stamped } from "./signature-options.ts";

/** A task to be called: its name, or an object of that name that knows the types of arguments and result. */
export interface TaskReference<Args extends readonly unknown[] = readonly unknown[], Result = unknown> {
  readonly name: string;
  /** For the compiler alone. */
  readonly types?: { args: Args; result: Result };
}

/** The last of the arguments, or all: those before come from the task before. */
export type PartialArguments<Args extends readonly unknown[]> = Args extends readonly [unknown, ...infer Rest]
  ? Args | PartialArguments<Rest>
  : Args;

/**
 * A task, or several, to be called: Celery's signature. It does not change: each method answers another one.
 *
 * It is plain data in messages; what is sent is what Python's `chain`, `group` and `chord` send.
 */
export class Canvas<Result = unknown> implements Signature {
  readonly task: string;
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly options: SignatureOptions;
  readonly subtask_type: string | null;
  readonly immutable: boolean;
  /** For the compiler alone. */
  declare readonly result?: Result;
  [unknown: string]: unknown;

  constructor({ task, args, kwargs, options, subtask_type, immutable }: Signature) {
    this.task = task;
    this.args = args;
    this.kwargs = kwargs;
    this.options = options;
    this.subtask_type = subtask_type;
    this.immutable = immutable;
  }

  /** Followed by callbacks, which get the result as their first argument. A chord's are its body's; a group's follow its first member. */
  link(...callbacks: Signature[]): Canvas<Result> {
    return new Canvas(linked(this, callbacks.map(plain)));
  }

  /** Followed by errbacks when some task of it has failed; they get the failed task's id as their first argument. */
  linkError(...errbacks: Signature[]): Canvas<Result> {
    return new Canvas(errorLinked(this, errbacks.map(plain)));
  }

  /** With options beside or instead of its own. Those of a chain are for its first step, those of a group for each member. */
  set(settings: SignatureSettings): Canvas<Result> {
    const { link = [], linkError = [], kwargs = {}, ...others } = settings;
    const set = withOptions(withPartial(this, [], kwargs), signatureOptions(others));
    return new Canvas(errorLinked(linked(set, link.map(plain)), linkError.map(plain)));
  }

  /** With arguments before its own, and more keyword arguments, for all that begins at once: what Celery calls a partial. */
  partial(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>> = {}): Canvas<Result> {
    return new Canvas(withPartial(this, args, kwargs));
  }

  /** With stamps on each task in it, callbacks and errbacks too. */
  stamp(stamps: Readonly<Record<string, unknown>>): Canvas<Result> {
    return new Canvas(stampedAll(this, stamps));
  }
}

/**
 * A call of a task.
 *
 * @param args  all arguments, or the last ones, where the task before gives the first
 */
export function signature<Args extends readonly unknown[], Result>(
  task: TaskReference<Args, Result>,
  args?: PartialArguments<NoInfer<Args>>,
  settings?: SignatureSettings,
): Canvas<Awaited<Result>>;
export function signature<Result = unknown>(
  task: string,
  args?: readonly unknown[],
  settings?: SignatureSettings,
): Canvas<Result>;
export function signature(
  task: TaskReference | string,
  args: readonly unknown[] = [],
  { kwargs = {}, ...settings }: SignatureSettings = {},
): Canvas {
  const name = typeof task === "string" ? task : task.name;
  const options = signatureOptions(settings);
  return new Canvas({
    task: name,
    args: [...args],
    kwargs: { ...kwargs },
    options,
    subtask_type: null,
    immutable: false,
  });
}

/** A call that takes nothing from the task before: Celery's `.si()`. */
export function immutableSignature<Args extends readonly unknown[], Result>(
  task: TaskReference<Args, Result>,
  args?: NoInfer<Args>,
  settings?: SignatureSettings,
): Canvas<Awaited<Result>>;
export function immutableSignature<Result = unknown>(
  task: string,
  args?: readonly unknown[],
  settings?: SignatureSettings,
): Canvas<Result>;
export function immutableSignature(
  task: TaskReference | string,
  args: readonly unknown[] = [],
  settings: SignatureSettings = {},
): Canvas {
  return new Canvas({ ...signature(task as string, args, settings), immutable: true });
}

/**
 * One after the other, each with the result of the one before. A group in it, before another step, becomes the header of a
 * chord, as in Python.
 *
 * @throws {MalformedCanvas} for a chain of nothing
 */
export function chain<const Steps extends readonly Signature[]>(...steps: Steps): Canvas<ResultOf<LastOf<Steps>>> {
  const flat = stepsOf(chainOf(steps.map(plain)));
  if (flat.length === 0) throw new MalformedCanvas("the chain", "there is nothing in it");
  return new Canvas(chainOf(flat));
}

/** All at the same time; the result is the list of their results. */
export function group<const Members extends readonly Signature[]>(
  ...members: Members | [Members]
): Canvas<ResultsOf<Members>> {
  return new Canvas(groupOf(listed(members).map(plain)));
}

/** All of the header at the same time; when they have all succeeded the body, with the list of their results. */
export function chord<Body extends Signature>(
  header: readonly Signature[] | Signature,
  body: Body,
): Canvas<ResultOf<Body>> {
  const members = Array.isArray(header)
    ? header
    : kindOf(header as Signature) === "group"
      ? tasksOf(header as Signature)
      : [header];
  return new Canvas(chordOf(members.map(plain), plain(body)));
}

/** One task that calls another for each item, one after the other: the list of results is its result. */
export function map<Item, Result>(
  task: TaskReference<readonly [Item], Result> | string,
  items: readonly Item[],
): Canvas<Awaited<Result>[]> {
  return mapped("celery.map", task, items);
}

/** The same, with several arguments for each call. */
export function starmap<Args extends readonly unknown[], Result>(
  task: TaskReference<Args, Result> | string,
  items: readonly NoInfer<Args>[],
): Canvas<Awaited<Result>[]> {
  return mapped("celery.starmap", task, items);
}

/**
 * Many calls in few messages: a group of starmaps, each of so many calls.
 *
 * @param size  calls in a chunk
 */
export function chunks<Args extends readonly unknown[], Result>(
  task: TaskReference<Args, Result> | string,
  items: readonly NoInfer<Args>[],
  size: number,
): Canvas<Awaited<Result>[][]> {
  if (!(Number.isInteger(size) && size > 0)) throw new MalformedCanvas("chunks", "the size is no whole number above 0");
  const count = Math.ceil(items.length / size);
  const parts = Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
  return new Canvas(groupOf(parts.map((part) => plain(starmap(task, part)))));
}

/** What a canvas comes to, as far as the compiler knows. */
export type ResultOf<S> = S extends Canvas<infer Result> ? Result : unknown;
type ResultsOf<Members extends readonly Signature[]> = { -readonly [Index in keyof Members]: ResultOf<Members[Index]> };
type LastOf<Steps extends readonly unknown[]> = Steps extends readonly [...unknown[], infer Last]
  ? Last
  : Steps[number];

function mapped<Result>(name: string, task: { name: string } | string, items: readonly unknown[]) {
  const inner = plain(signature(typeof task === "string" ? task : task.name));
  const mapping = { task: name, args: [], kwargs: { task: inner, it: [...items] }, options: {}, subtask_type: null };
  return new Canvas<Awaited<Result>[]>({ ...mapping, immutable: true });
}

/** What a canvas is composed of is data alone, whatever it is written with. */
function plain(part: Signature): Signature {
  return { ...part };
}

/** One list, or each by itself. */
function listed(members: readonly Signature[] | readonly [readonly Signature[]]): readonly Signature[] {
  const [first] = members;
  return members.length === 1 && Array.isArray(first) ? first : (members as readonly Signature[]);
}

function withPartial(part: Signature, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): Signature {
  const given = (one: Signature) => withPartial(one, args, kwargs);
  switch (kindOf(part)) {
    case "task":
      return withArguments(part, args, kwargs);
    case "chain":
      return withTasks(part, (step, index) => (index === 0 ? given(step) : step));
    case "group":
      return withTasks(part, given);
    case "chord":
      return withHeader(part, headerOf(part).map(given), bodyOf(part));
  }
}

function stampedAll(part: Signature, stamps: Readonly<Record<string, unknown>>): Signature {
  const all = (parts: unknown) => listOf(parts).map((one) => stampedAll(one as Signature, stamps));
  const links: SignatureOptions = {};
  for (const name of ["link", "link_error"]) if (name in part.options) links[name] = all(part.options[name]);
  const options = { ...part.options, ...links };
  switch (kindOf(part)) {
    case "task":
      return { ...part, options: stamped(options, stamps) };
    case "chain":
    case "group":
      return withTasks({ ...part, options }, (task) => stampedAll(task, stamps));
    case "chord":
      return withHeader({ ...part, options }, all(headerOf(part)), stampedAll(bodyOf(part), stamps));
  }
}
