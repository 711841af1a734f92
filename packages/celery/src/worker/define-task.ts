import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Task, TaskContext, TaskOptions } from "./task.ts";

export interface DefineTaskOptions<Args extends readonly unknown[]> extends TaskOptions {
  /**
   * Names of the parameters, in order: keyword arguments, as Python's callers send them, then find their places. Without it
   * keyword arguments are refused.
   */
  parameters?: { [Index in keyof Args]: string };
  /** Checks, and may convert, the list of arguments before the task runs: any schema that speaks Standard Schema (zod, valibot, arktype). */
  schema?: StandardSchemaV1<unknown, Args>;
}

/** A task whose arguments and result are known to the compiler, here and where it is called by this object. */
export interface TypedTask<Args extends readonly unknown[], Result> extends Task {
  /** For the compiler alone. */
  readonly types?: { args: Args; result: Result };
}

/**
 * Makes a task of a plain async function: `task("add", async (_, x: number, y: number) => x + y)`.
 *
 * Arguments that do not fit end the task as a TypeError, before it runs: as in Python.
 */
export function task<const Args extends readonly unknown[], Result>(
  name: string,
  run: (context: TaskContext, ...args: Args) => Result | Promise<Result>,
  { parameters, schema, ...options }: DefineTaskOptions<Args> = {},
): TypedTask<Args, Result> {
  return {
    ...options,
    name,
    async run(context) {
      const given = positional(context, parameters);
      const args = schema ? await checked(schema, given, name) : (given as unknown as Args);
      return run(context, ...args);
    },
  };
}

/** Arguments did not fit the task. Python's clients get a TypeError, as from a Python task. */
export class InvalidArguments extends TypeError {
  override readonly name = "TypeError";
  readonly code = "CDT-INVALID-ARGUMENTS";
  readonly help = "compare the arguments of the call with the task's parameters";
}

function positional({ request }: TaskContext, parameters: readonly string[] | undefined): unknown[] {
  const { name, args, kwargs } = request;
  const keywords = Object.keys(kwargs);
  if (keywords.length === 0) return args;
  if (!parameters) throw new InvalidArguments(`${name}() takes no keyword arguments, got ${keywords[0]}`);
  const list = [...args];
  for (const keyword of keywords) {
    const at = parameters.indexOf(keyword);
    if (at < 0) throw new InvalidArguments(`${name}() got an unexpected keyword argument '${keyword}'`);
    if (at < args.length) throw new InvalidArguments(`${name}() got multiple values for argument '${keyword}'`);
    list[at] = kwargs[keyword];
  }
  // What was left out in between is undefined, like a parameter that is not given.
  return Array.from(list);
}

async function checked<Args extends readonly unknown[]>(
  schema: StandardSchemaV1<unknown, Args>,
  args: unknown[],
  name: string,
): Promise<Args> {
  const answer = await schema["~standard"].validate(args);
  if (!answer.issues) return answer.value;
  const [first] = answer.issues;
  const where = first?.path?.map((step) => (typeof step === "object" ? step.key : step)).join(".");
  throw new InvalidArguments(
    `${name}(): ${where ? `argument ${where}: ` : ""}${first?.message ?? "arguments do not fit"}`,
  );
}
