import { CeleryError } from "../../../celery-error.ts";

/** Something that a task left running wants to use its context, when the task has long ended. */
export class TaskEnded extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-TASK-ENDED";
  readonly help = "await everything that the task begins before it returns";

  constructor(name: string) {
    super(`the task ${name} has ended: its context can do nothing any more`);
  }
}
