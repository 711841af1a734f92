import leven from "leven";
import { CeleryError } from "../celery-error.ts";

/** What was typed cannot be carried out as it stands. */
export class UsageError extends CeleryError {
  readonly kind = "configuration";
  readonly code = "CDT-CELERY-USAGE";
  readonly help: string;

  constructor(message: string, help = "celery-node --help", options?: ErrorOptions) {
    super(message, options);
    this.help = help;
  }
}

/** The name that was probably meant, undefined when none is near. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  const far = Math.max(2, Math.floor(name.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const candidate of names) {
    const distance = leven(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= far && (!best || distance < best.distance)) best = { name: candidate, distance };
  }
  return best?.name;
}
