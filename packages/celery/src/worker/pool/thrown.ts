import {
  DeadLetter,
  Ignore,
  LeaseLost,
  Replace,
  Requeue,
  Retry,
  SoftTimeLimitExceeded,
  TaskRevoked,
  TimeLimitExceeded,
  WorkerLostError,
  WorkerShutdown,
} from "../outcomes.ts";
import { type Crossing, pack, unpack } from "./crossing.ts";

/** Something that was thrown, as plain data. */
type Plain = { error: PlainError } | { value: unknown };

interface PlainError {
  /** The class, or the nearest one above it, that both processes know. */
  base: string;
  name: string;
  message: string;
  stack: string | undefined;
  cause: Plain | undefined;
  /** Of an AggregateError. */
  errors: Plain[] | undefined;
  /** Its own properties: `code`, `path`, `retries`. What has no form in JSON is its text. */
  properties: [key: string, value: unknown][];
}

type ErrorClass = { readonly name: string; readonly prototype: Error };

/** Errors that come out as instances of the receiver's own class: the language's, and those that mean something to a worker. */
const knownClasses: readonly ErrorClass[] = [
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError],
  ...[Retry, Replace, Ignore, Requeue, DeadLetter, WorkerShutdown, LeaseLost],
  ...[SoftTimeLimitExceeded, TimeLimitExceeded, TaskRevoked, WorkerLostError],
];
const nameOfPrototype = new Map<object, string>(knownClasses.map(({ prototype, name }) => [prototype, name]));
const prototypeOfName = new Map(knownClasses.map(({ prototype, name }) => [name, prototype]));

/** A chain of causes longer than that is cut: it may be a circle. */
const deepestCause = 10;

/** Never throws: what has no form in JSON crosses as its text. */
export function packThrown(thrown: unknown): Crossing {
  return pack(plain(thrown, 0));
}

/** What {@link packThrown} was given, as an instance of this process' own classes where they are known here. */
export function unpackThrown(text: Crossing): unknown {
  return revived(unpack(text) as Plain);
}

/** Arguments of a log call, among which errors may be, also as members: `log.error({ err, attempt }, "...")`. Never throws. */
export function packLogArguments(args: readonly unknown[]): Crossing {
  return pack(args.map(plainArgument));
}

export function unpackLogArguments(text: Crossing): unknown[] {
  return (unpack(text) as (Plain | PlainMembers)[]).map((argument) =>
    "members" in argument
      ? Object.fromEntries(argument.members.map(([key, member]) => [key, revived(member)]))
      : revived(argument),
  );
}

/** An object with members that are errors, or may be. */
interface PlainMembers {
  members: [string, Plain][];
}

function plainArgument(value: unknown): Plain | PlainMembers {
  if (Object.prototype.toString.call(value) !== "[object Object]") return plain(value, 0);
  return { members: Object.entries(value as object).map(([key, member]) => [key, plain(member, 0)]) };
}

function plain(thrown: unknown, depth: number): Plain {
  return thrown instanceof Error ? { error: plainError(thrown, depth) } : { value: writable(thrown) };
}

function plainError(error: Error, depth: number): PlainError {
  const { errors } = error as { errors?: unknown };
  const deeper = depth < deepestCause;
  return {
    base: baseOf(error),
    // Many classes never set `name`, which is then "Error".
    name: error.name && error.name !== "Error" ? String(error.name) : error.constructor?.name || "Error",
    message: String(error.message),
    stack: typeof error.stack === "string" ? error.stack : undefined,
    cause: error.cause === undefined || !deeper ? undefined : plain(error.cause, depth + 1),
    errors: Array.isArray(errors) && deeper ? errors.map((each) => plain(each, depth + 1)) : undefined,
    properties: propertiesOf(error),
  };
}

function baseOf(error: Error): string {
  for (let prototype = Object.getPrototypeOf(error); prototype; prototype = Object.getPrototypeOf(prototype)) {
    const name = nameOfPrototype.get(prototype);
    if (name !== undefined) return name;
  }
  return "Error";
}

const carriedApart: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

function propertiesOf(error: Error): [string, unknown][] {
  const own = Object.entries(error).filter(([key]) => !carriedApart.has(key));
  return own.map(([key, value]) => [key, writable(value)]);
}

/** The value, or its text where it cannot be written, or holds what would not be read back. */
function writable(value: unknown): unknown {
  try {
    unpack(pack(value));
    return value;
  } catch {
    return textOf(value);
  }
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "something that has no text";
  }
}

function revived(plain: Plain): unknown {
  if (!("error" in plain)) return plain.value;
  const { base, name, message, stack, cause, errors, properties } = plain.error;
  const error = new Error(message);
  Object.setPrototypeOf(error, prototypeOfName.get(base) ?? Error.prototype);
  for (const [key, value] of properties) define(error, key, value, true);
  if (error.name !== name) define(error, "name", name);
  define(error, "stack", stack);
  if (cause !== undefined) define(error, "cause", revived(cause));
  if (errors !== undefined) define(error, "errors", errors.map(revived));
  return error;
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable });
}
