import { writeIsoTime } from "../message/iso-time.ts";
import type { ResultTuple } from "./result-tuple.ts";
import type { TaskMeta } from "./results.ts";
import { isReadyState } from "./task-state.ts";

/** Which task a stored state belongs to. */
export interface MetaOwner {
  id: string;
  groupId?: string | undefined;
  parentId?: string | undefined;
}

export interface MetaExtras {
  /** What it has sent: callbacks, the next step of its chain, and what the task sent itself. */
  children?: readonly ResultTuple[];
  /** Given where Celery's `result_extended` is on. */
  extended?: ExtendedMeta;
}

/** What `result_extended` adds to a stored state. */
export interface ExtendedMeta {
  name: string;
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>>;
  /** Node name of the worker that ran it. */
  worker: string | null;
  retries: number;
  /** The routing key by which it came. */
  queue: string | null;
  stamps?: Readonly<Record<string, unknown>>;
}

/**
 * What Celery's backends store (celery 5.6 `backends/base.py`, `_get_result_meta`), in their order: the scripts read the
 * state at the very beginning of the text. `date_done` is set only in a ready state.
 */
export function taskMeta(
  { id, groupId, parentId }: MetaOwner,
  status: string,
  result: unknown,
  traceback: string | null = null,
  { children = [], extended }: MetaExtras = {},
): TaskMeta {
  const meta: Omit<TaskMeta, "task_id"> = {
    status,
    result: result ?? null,
    traceback,
    children,
    date_done: isReadyState(status) ? writeIsoTime(new Date()) : null,
  };
  if (groupId !== undefined) meta.group_id = groupId;
  if (parentId !== undefined) meta.parent_id = parentId;
  if (extended) extend(meta, extended);
  return Object.assign(meta, { task_id: id }) as TaskMeta;
}

function extend(meta: Record<string, unknown>, { stamps = {}, ...extended }: ExtendedMeta): void {
  Object.assign(meta, extended);
  const names = Object.keys(stamps);
  if (names.length === 0) return;
  meta.stamped_headers = names;
  // A stamp may have any name; Celery lets it take the place of the state itself, we do not.
  for (const name of names) if (!(name in meta)) meta[name] = stamps[name];
}
