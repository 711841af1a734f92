import type { Status } from "./status.ts";

/**
 * Every move a staging item may make, and what makes it. The database refuses any other (its check is generated from
 * this table), and so is the picture in docs/data-model.md.
 */
export const itemTransitions = [
  { from: "pending", to: "scheduled", by: "manager rang the queue" },
  { from: "pending", to: "in_progress", by: "a worker claimed it before the manager's ring was recorded" },
  { from: "pending", to: "failed", by: "cancelled, or nothing can be done: the reason says which" },
  { from: "scheduled", to: "in_progress", by: "a worker claimed it" },
  { from: "scheduled", to: "pending", by: "its location was paused before a worker came to it" },
  { from: "scheduled", to: "failed", by: "cancelled" },
  { from: "in_progress", to: "in_progress", by: "taken over from a worker whose claim ran out" },
  { from: "in_progress", to: "completed", by: "tree published and recorded" },
  { from: "in_progress", to: "pending", by: "attempt ended; reason and retry_at say why and when" },
  { from: "in_progress", to: "scheduled", by: "worker shut down and gave the message back to the head of its queue" },
  { from: "in_progress", to: "failed", by: "refused for good, or cancelled" },
  { from: "failed", to: "pending", by: "somebody asked for another try" },
] as const satisfies readonly { from: Status; to: Status; by: string }[];
