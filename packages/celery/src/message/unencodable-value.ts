import { CeleryError } from "../celery-error.ts";

/** A value that cannot be put into a message: no form of it would be read as the same on the other side. */
export class UnencodableValue extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-UNENCODABLE-VALUE";
  readonly help = "send or return plain data: objects, lists, texts, numbers, dates and bytes";
}
