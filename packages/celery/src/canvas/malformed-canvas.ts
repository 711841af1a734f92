import { CeleryError } from "../celery-error.ts";

/** A signature, or what is built of them, that cannot be sent: it will not get better. */
export class MalformedCanvas extends CeleryError {
  readonly kind = "message";
  readonly code = "CDT-MALFORMED-CANVAS";
  readonly help = "look at the program that built it: the sentence says which part of it is wrong";

  /** @param where  the way to the part, as in `chain[2].kwargs.tasks` */
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
  }
}
