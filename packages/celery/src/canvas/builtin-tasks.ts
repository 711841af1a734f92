import { type ResultTuple, readResultTuple } from "../results/result-tuple.ts";
import { isReady } from "../results/task-state.ts";
import { chordJoins, type JoinedPart } from "./chord-join.ts";
import { derivedIds } from "./derived-ids.ts";
import { freeze } from "./freeze.ts";
import { MalformedCanvas } from "./malformed-canvas.ts";
import { readSignature } from "./read-signature.ts";
import { resultOf } from "./result-of.ts";
import type { CanvasServices } from "./services.ts";
import { chordOf, groupOf, listOf, tasksOf, withArguments } from "./shape.ts";
import type { Signature } from "./signature.ts";

/** What the built-in tasks need of a task's context. */
export interface BuiltinContext {
  request: {
    id: string;
    name: string;
    args: unknown[];
    kwargs: Record<string, unknown>;
    rootId: string | undefined;
  };
  apply(signature: Signature): Promise<string>;
  retry(options: { countdown: number; maxRetries: number }): never;
}

export interface BuiltinTask<Context> {
  name: string;
  ignoreResult?: boolean;
  run(context: Context): Promise<unknown>;
}

export interface BuiltinParts<Context> {
  services: CanvasServices;
  /** Runs a task of this worker: the one that the context's request names, with its arguments. */
  run(context: Context): Promise<unknown>;
}

/**
 * The tasks that every Celery worker has (celery 5.6 `app/builtins.py`). They send tasks, or run others that the worker has:
 * they belong where the worker itself runs.
 */
export function builtinTasks<Context extends BuiltinContext>(parts: BuiltinParts<Context>): BuiltinTask<Context>[] {
  const { services, run } = parts;
  const { limits, results } = services;
  const chords = chordJoins(services);

  /** Runs the same task for each item, one after the other, in this very run. */
  async function map(context: Context, argumentsOf: (item: unknown) => unknown[]): Promise<unknown[]> {
    const [task, items] = parameters(context, "task", "it");
    const { task: name } = readSignature(task, "task", limits);
    const values: unknown[] = [];
    for (const item of list(items, "it")) {
      const request = { ...context.request, name, args: argumentsOf(item), kwargs: {} };
      values.push((await run({ ...context, request })) ?? null);
    }
    return values;
  }

  /** With ids that are derived from the task's: who runs it again sends the same tasks. */
  async function apply(context: Context, signature: Signature): Promise<ResultTuple> {
    const frozen = freeze(signature, {}, derivedIds(context.request.id, "applied"));
    await context.apply(frozen);
    return resultOf(frozen);
  }

  async function unlockChord(context: Context): Promise<void> {
    const [groupId, body, interval, maxRetries, result] = parameters(
      ...([context, "group_id", "callback", "interval", "max_retries", "result"] as const),
    );
    const members = list(result, "result").map((member, index) => {
      return readResultTuple(member) ?? malformed(`result[${index}]`, "it is not a result");
    });
    const parts = await endedParts(members);
    if (!parts) {
      const countdown = typeof interval === "number" ? interval : 1;
      return context.retry({ countdown, maxRetries: typeof maxRetries === "number" ? maxRetries : Infinity });
    }
    const { id, rootId = id } = context.request;
    const group: ResultTuple = [[String(groupId), null], members];
    const options = { root_id: rootId, parent_id: id };
    await chords.finish({ groupId: String(groupId), body, parts, group, options });
  }

  /** Undefined while one of them has not ended. */
  async function endedParts(members: readonly ResultTuple[]): Promise<JoinedPart[] | undefined> {
    const parts: JoinedPart[] = [];
    for (const [[taskId], inner] of members) {
      if (inner) {
        const within = await endedParts(inner);
        if (!within) return undefined;
        parts.push(...within);
      } else {
        const meta = await results.get(taskId);
        if (!isReady(meta)) return undefined;
        parts.push({ taskId, state: meta.status, result: meta.result });
      }
    }
    return parts;
  }

  return [
    { name: "celery.map", run: (context) => map(context, (item) => [item]) },
    { name: "celery.starmap", run: (context) => map(context, (item) => list(item, "an item of it")) },
    {
      name: "celery.chunks",
      async run(context) {
        const [task, items, size] = parameters(context, "task", "it", "n");
        return apply(context, groupOf(chunksOf(list(items, "it"), size).map((part) => starmap(task, part))));
      },
    },
    {
      name: "celery.group",
      async run(context) {
        const [tasks, result, groupId, args] = parameters(context, "tasks", "result", "group_id", "partial_args");
        const members = readSignature(groupOf(list(tasks, "tasks") as Signature[]), "tasks", limits);
        const called = tasksOf(members).map((task) => withArguments(task, listOf(args)));
        await apply(context, groupOf(called, { task_id: String(groupId) }));
        return result;
      },
    },
    {
      name: "celery.chord",
      async run(context) {
        const [header, body, args] = parameters(context, "header", "body", "partial_args");
        const chord = chordOf(header as Signature[], body as Signature);
        return apply(context, readSignature({ ...chord, args: listOf(args) }, "celery.chord", limits));
      },
    },
    {
      name: "celery.chain",
      async run() {
        throw Object.assign(new Error("chain is not a real task"), { name: "NotImplementedError" });
      },
    },
    {
      name: "celery.accumulate",
      async run({ request: { args, kwargs } }) {
        return typeof kwargs.index === "number" ? args.at(kwargs.index) : args;
      },
    },
    { name: "celery.chord_unlock", ignoreResult: true, run: unlockChord },
    /** Redis forgets results by itself. */
    { name: "celery.backend_cleanup", run: async () => null },
  ];
}

/** Python lets its callers give each argument by place or by name. */
function parameters({ request: { args, kwargs } }: BuiltinContext, ...names: readonly string[]): unknown[] {
  return names.map((name, place) => (place < args.length ? args[place] : kwargs[name]));
}

function chunksOf(items: unknown[], size: unknown): unknown[][] {
  if (!(typeof size === "number" && Number.isInteger(size) && size > 0))
    malformed("n", "it is not a whole number above 0");
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function starmap(task: unknown, it: unknown[]): Signature {
  const kwargs = { task, it };
  return { task: "celery.starmap", args: [], kwargs, options: {}, subtask_type: null, immutable: true };
}

function list(value: unknown, where: string): unknown[] {
  return Array.isArray(value) ? value : malformed(where, "it is not a list");
}

function malformed(where: string, what: string): never {
  throw new MalformedCanvas(where, what);
}
