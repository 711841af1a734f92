import type { Address } from "../broker/broker.ts";
import type { TaskToSend } from "../message/encode-task.ts";
import type { ResultStore } from "../results/results.ts";
import type { MalformedCanvas } from "./malformed-canvas.ts";
import type { CanvasLimits } from "./read-signature.ts";

/** What canvas needs of the world: a way to send, and the place where chords are counted. */
export interface CanvasServices {
  /** Publishes a task; rejects when the broker does not take it. */
  send(task: TaskToSend): Promise<void>;
  results: ResultStore;
  /** Where a task goes whose signature names neither queue nor exchange (Celery's `task_routes`, `task_default_queue`). */
  route(taskName: string): Address;
  /** Celery's `result_chord_ordered` of the result backend's transport options; true by default. All workers must agree. */
  chordOrdered?: boolean;
  /** Celery's `task_inherit_parent_priority`; false by default. */
  inheritParentPriority?: boolean;
  /** What one canvas may consist of; 100,000 signatures and 50 levels by default. */
  limits?: CanvasLimits;
  /** Told of parts of messages that cannot be read, where there is no task that could fail for it. */
  refused?(error: MalformedCanvas): void;
}
