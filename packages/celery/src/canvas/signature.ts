/**
 * A task to be called, as data: Celery's signature, field for field as it travels in messages (celery 5.6 `canvas.py`). Chains,
 * groups and chords are signatures of built-in tasks, told apart by `subtask_type`.
 */
export interface Signature {
  task: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  options: SignatureOptions;
  subtask_type: string | null;
  /** Takes no result of the task before it. */
  immutable: boolean;
  chord_size?: number | null;
  [unknown: string]: unknown;
}

export interface SignatureOptions {
  task_id?: string;
  queue?: string;
  exchange?: string;
  routing_key?: string;
  reply_to?: string;
  priority?: number;
  countdown?: number;
  eta?: string;
  expires?: string | number;
  time_limit?: number;
  soft_time_limit?: number;
  ignore_result?: boolean;
  serializer?: string;
  compression?: string;
  headers?: Record<string, unknown>;
  link?: unknown;
  link_error?: unknown;
  group_id?: string;
  group_index?: number;
  root_id?: string;
  parent_id?: string;
  chord?: unknown;
  stamped_headers?: string[];
  [unknown: string]: unknown;
}
