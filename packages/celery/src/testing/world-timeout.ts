import { CeleryError } from "../celery-error.ts";

/** Something did not come to its end in the time that a test has for it. */
export class WorldTimeout extends CeleryError {
  readonly kind = "transient";
  readonly code = "CDT-TEST-TIMEOUT";
  readonly help = "look at world.calls and world.sent; a task with an eta needs world.advance() where time is manual";
}
