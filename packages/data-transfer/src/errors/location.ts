import { ConfigurationError } from "./data-transfer-error.ts";

/** A location that the database does not have. Lists those that it has, the nearest first in the sentence. */
export class UnknownLocation extends ConfigurationError {
  readonly code = "CDT-UNKNOWN-LOCATION";
  readonly help = "ccat_data_transfer list-queues";

  constructor(name: string, known: readonly string[], nearest: string | undefined) {
    const guess = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    const list = known.length === 0 ? "the database has none" : `known are ${known.join(", ")}`;
    super(`there is no location ${JSON.stringify(name)}${guess} (${list})`, { name, known, nearest });
  }
}

/** Several sites have a location of this name. */
export class AmbiguousLocation extends ConfigurationError {
  readonly code = "CDT-AMBIGUOUS-LOCATION";
  readonly help = "name it with its site: <site>/<location>";

  constructor(name: string, candidates: readonly string[]) {
    super(`several locations are called ${JSON.stringify(name)}: ${candidates.join(", ")}`, { name, candidates });
  }
}

/** Two rows of the database lead to one queue name, so that a worker could not tell whose work it gets. */
export class AmbiguousQueue extends ConfigurationError {
  readonly code = "CDT-AMBIGUOUS-QUEUE";
  readonly help = "rename one of the sites or locations";

  constructor(queue: string, candidates: readonly string[]) {
    super(`queue ${queue} stands for several locations: ${candidates.join(", ")}`, { queue, candidates });
  }
}
