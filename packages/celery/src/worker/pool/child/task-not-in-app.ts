import { CeleryError } from "../../../celery-error.ts";

/** The worker knows a task that the application in its children does not have. */
export class TaskNotInApp extends CeleryError {
  readonly kind = "configuration";
  readonly code = "CDT-TASK-NOT-IN-APP";
  readonly help = "give the worker the tasks of the very module that its process pool has as `app`";

  constructor(name: string) {
    super(`the application in the child processes has no task ${name}`);
  }
}
