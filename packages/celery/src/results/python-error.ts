import { isRecord } from "../message/inert-json.ts";
import { pythonRepr } from "../message/python-repr.ts";
import type { RemoteError } from "./results.ts";

/** Module of the errors that Python does not know: a Python client makes a class of that name for them. */
export const errorModule = "ccatobs.celery";

/**
 * An error as a Python client reads it. The class name becomes `exc_type`; Python looks it up in `exc_module` when that
 * is loaded there and otherwise makes a class (celery 5.6 `backends/base.py`, `exception_to_python`), so `builtins` is
 * given only for names that stand for the same thing there. A `code` of an error that Python does not know
 * is its second argument.
 *
 * An error with a member `remote` says itself what Python shall read: so does one that came from there.
 */
export function remoteError(error: unknown): RemoteError {
  const own = ownRemote(error);
  if (own) return own;
  const type = error instanceof Error ? className(error) : "Error";
  const message = error instanceof Error ? error.message : String(error);
  const celeryModule = celeryModules.get(type);
  if (celeryModule) return { exc_type: type, exc_message: [message], exc_module: celeryModule };
  if (pythonNames.has(type)) return { exc_type: type, exc_message: [message], exc_module: "builtins" };
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return {
    exc_type: type,
    exc_message: typeof code === "string" ? [message, code] : [message],
    exc_module: errorModule,
  };
}

function ownRemote(error: unknown): RemoteError | undefined {
  if (!(error instanceof Error && "remote" in error && isRecord(error.remote))) return undefined;
  const { exc_type, exc_message, exc_module } = error.remote;
  const isOne = typeof exc_type === "string" && Array.isArray(exc_message) && typeof exc_module === "string";
  return isOne ? { exc_type, exc_message, exc_module } : undefined;
}

/** Python's repr of the exception: `ValueError('too small')`. */
export function remoteRepr({ exc_type, exc_message }: RemoteError): string {
  const args = exc_message.map((argument) => (typeof argument === "string" ? quoted(argument) : pythonRepr(argument)));
  return `${exc_type.split(".").at(-1)}(${args.join(", ")})`;
}

/** A text as Python's repr writes it; the reprs in messages, which are shortened, are a little different. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\'"]|\p{Cc}/gu, (unit) => {
    if (unit === "'" || unit === '"') return unit === quote ? `\\${unit}` : unit;
    return escapes[unit] ?? `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return quote + escaped + quote;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The error's stack and those of its causes, in the order in which Python prints them: the first cause first. */
export function traceback(error: unknown): string {
  const chain: string[] = [];
  const seen = new Set<unknown>();
  for (let next = error; next !== undefined && !seen.has(next); next = next instanceof Error ? next.cause : undefined) {
    seen.add(next);
    chain.unshift(pythonStack(next));
  }
  return chain.join("\nThe above exception was the direct cause of the following exception:\n\n");
}

/** Many classes never set `name`, which is then "Error". */
function className(error: Error): string {
  return error.name && error.name !== "Error" ? error.name : error.constructor.name || "Error";
}

function pythonStack(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}\n`;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  // Python prints the innermost call last.
  const calls = frames.reverse().map((line) => `  ${line.trim()}\n`);
  return `Traceback (most recent call last):\n${calls.join("")}${className(error)}: ${error.message}\n`;
}

/**
 * Exceptions of Python's builtins that take one text. Not among them: those that are no `Exception` (rebuilding a
 * SystemExit would end the client), those that want more arguments, and SyntaxError and ReferenceError, which mean
 * something else in JavaScript.
 */
const pythonNames: ReadonlySet<string> = new Set([
  "ArithmeticError",
  "AssertionError",
  "AttributeError",
  "BlockingIOError",
  "BrokenPipeError",
  "BufferError",
  "ChildProcessError",
  "ConnectionAbortedError",
  "ConnectionError",
  "ConnectionRefusedError",
  "ConnectionResetError",
  "EOFError",
  "FileExistsError",
  "FileNotFoundError",
  "FloatingPointError",
  "ImportError",
  "IndexError",
  "InterruptedError",
  "IsADirectoryError",
  "KeyError",
  "LookupError",
  "MemoryError",
  "NameError",
  "NotADirectoryError",
  "NotImplementedError",
  "OSError",
  "OverflowError",
  "PermissionError",
  "ProcessLookupError",
  "RecursionError",
  "RuntimeError",
  "TimeoutError",
  "TypeError",
  "UnicodeError",
  "ValueError",
  "ZeroDivisionError",
]);

/** Exceptions of Celery and billiard that take one text. */
const celeryModules: ReadonlyMap<string, string> = new Map([
  ...[
    "ChordError",
    "Ignore",
    "InvalidTaskError",
    "MaxRetriesExceededError",
    "NotRegistered",
    "Reject",
    "Retry",
    "TaskRevokedError",
  ].map((name) => [name, "celery.exceptions"] as const),
  ...["SoftTimeLimitExceeded", "Terminated", "TimeLimitExceeded", "WorkerLostError"].map(
    (name) => [name, "billiard.exceptions"] as const,
  ),
]);
