import { MalformedCanvas } from "./malformed-canvas.ts";
import { kindOf } from "./shape.ts";
import type { Signature, SignatureOptions } from "./signature.ts";

/** Bounds on what one canvas may consist of. */
export interface CanvasLimits {
  /** Most signatures in it, on all levels together. */
  signatures: number;
  /** Deepest nesting of compositions. */
  depth: number;
}

export const defaultCanvasLimits: CanvasLimits = { signatures: 100_000, depth: 50 };

/**
 * Reads a signature that came in a message, with all it is composed of, as far as it has to be known to be sent. What stands
 * in its `link`, `link_error`, `chain` and `chord` is passed on as it is, and read by whoever comes to it.
 *
 * @param where  how the signature is called in errors
 * @throws {MalformedCanvas}
 */
export function readSignature(value: unknown, where: string, limits: CanvasLimits = defaultCanvasLimits): Signature {
  return readAt(value, where, limits.depth, { left: limits.signatures });
}

function readAt(value: unknown, where: string, depth: number, budget: { left: number }): Signature {
  if (depth === 0) throw new MalformedCanvas(where, "it is nested deeper than canvas may be");
  if (--budget.left < 0) throw new MalformedCanvas(where, "there are more signatures than canvas may have");
  const found = record(value, where);
  const signature: Signature = {
    ...found,
    task: text(found.task, `${where}.task`),
    args: list(found.args ?? [], `${where}.args`),
    kwargs: record(found.kwargs ?? {}, `${where}.kwargs`),
    options: readOptions(found.options ?? {}, `${where}.options`),
    subtask_type: typeof found.subtask_type === "string" ? found.subtask_type : null,
    immutable: found.immutable === true,
  };
  const read = (part: unknown, name: string) => readAt(part, `${where}.${name}`, depth - 1, budget);
  switch (kindOf(signature)) {
    case "task":
      return signature;
    case "chain":
    case "group": {
      const tasks = list(signature.kwargs.tasks, `${where}.kwargs.tasks`);
      const parts = tasks.map((task, index) => read(task, `kwargs.tasks[${index}]`));
      return { ...signature, kwargs: { ...signature.kwargs, tasks: parts } };
    }
    case "chord": {
      const header = headerList(signature.kwargs.header, `${where}.kwargs.header`);
      const members = header.map((task, index) => read(task, `kwargs.header[${index}]`));
      const body = read(signature.kwargs.body, "kwargs.body");
      record(signature.kwargs.kwargs ?? {}, `${where}.kwargs.kwargs`);
      return { ...signature, kwargs: { ...signature.kwargs, header: members, body } };
    }
  }
}

/** The ids are what canvas is held together by. What else is wrong shows when a task is made of it. */
function readOptions(value: unknown, where: string): SignatureOptions {
  const options = record(value, where);
  for (const name of ["task_id", "group_id"]) {
    if (options[name] !== undefined && options[name] !== null) text(options[name], `${where}.${name}`);
  }
  return options;
}

/** A header is a list, or a group, a chain or one task standing for it. */
function headerList(header: unknown, where: string): unknown[] {
  if (Array.isArray(header)) return header;
  const { kwargs, subtask_type } = record(header, where);
  if (subtask_type !== "group" && subtask_type !== "chain") return [header];
  return list(record(kwargs, `${where}.kwargs`).tasks, `${where}.kwargs.tasks`);
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedCanvas(where, "it is not an object");
  }
  return value as Record<string, unknown>;
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw new MalformedCanvas(where, "it is not a list");
  return value;
}

function text(value: unknown, where: string): string {
  if (typeof value !== "string" || value === "") throw new MalformedCanvas(where, "it is not a text");
  return value;
}
