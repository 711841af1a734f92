import { CeleryError } from "../../celery-error.ts";

/** A child process could not load the application, died while it did, or took too long. */
export class ChildStartFailed extends CeleryError {
  readonly kind = "configuration";
  readonly code = "CDT-CHILD-START";
  readonly help = "import the application with node by itself: what it prints is what stands in the way here, too";
  /** File name or URL of the application. */
  readonly app: string;

  constructor(app: string, why: string, options?: ErrorOptions) {
    super(`a child process could not start with ${app}: ${why}`, options);
    this.app = app;
  }
}
