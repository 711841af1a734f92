import { parseInertJson } from "../message/inert-json.ts";
import { pythonRepr } from "../message/python-repr.ts";
import { type WriteJsonOptions, writeJson } from "../message/write-json.ts";
import type { ChordPart, TaskState } from "./results.ts";

export type JoinedPart = Omit<ChordPart, "index">;

/**
 * A member of a chord's header as Python's workers write it, `[1, id, state, result]` (celery 5.6 `backends/redis.py`), byte
 * for byte: the entry is its own identity there, and a task that ran here and again in Python must count once.
 */
export function writeChordMember({ taskId, state, result }: JoinedPart, options: WriteJsonOptions = {}): string {
  const compact = writeJson([1, taskId, state, result ?? null], options);
  return compact.replace(tokens, (token) => {
    if (token === "," || token === ":") return `${token} `;
    if (token.startsWith('"')) return token.replace(/[^ -~]/g, escapeUnit);
    return /[.e]/.test(token) && Number.isFinite(Number(token)) ? pythonRepr(Number(token)) : token;
  });
}

/** What JSON is made of and Python writes differently: texts, floats, separators. */
const tokens = /"(?:[^"\\]|\\.)*"|-?[\d.]+(?:e[+-]?\d+)?|[,:]/g;

/** Members in their order, each task once: of two runs of the same task the one that succeeded. */
export function readChordMembers(texts: readonly string[]): JoinedPart[] {
  const parts = new Map<string, JoinedPart>();
  for (const text of texts) {
    const [, taskId, state, result] = parseInertJson(text) as [number, string, TaskState, unknown];
    if (parts.get(taskId)?.state !== "SUCCESS") parts.set(taskId, { taskId, state, result });
  }
  return [...parts.values()];
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
