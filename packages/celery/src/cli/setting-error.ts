import { CeleryError } from "../celery-error.ts";

/** A setting of an app holds what it cannot hold. */
export class SettingError extends CeleryError {
  readonly kind = "configuration";
  readonly code = "CDT-CELERY-SETTING";
  readonly help = "the table of settings in the README of @ccatobs/celery says what each may hold";
}
