import { ConfigurationError, SpaceError, TransientError } from "./data-transfer-error.ts";

export class NoSpace extends SpaceError {
  readonly code = "CDT-NO-SPACE";
  readonly help = "make room there (docs/operations.md, Making room); it is tried again by itself";

  constructor(facts: { path: string; errno: string }, options?: ErrorOptions) {
    const why = facts.errno === "EDQUOT" ? "its quota is used up" : "it is full";
    super(`nothing more can be written to ${facts.path}: ${why}`, facts, options);
  }
}

export class DestinationNotWritable extends ConfigurationError {
  readonly code = "CDT-DESTINATION-NOT-WRITABLE";
  readonly help = "give this worker's user the right to write there, then: ccat_data_transfer stage retry <job>";

  constructor(facts: { path: string; errno: string; why?: string }, options?: ErrorOptions) {
    super(`${facts.path} cannot be written: ${facts.why ?? facts.errno}`, facts, options);
  }
}

/** The file system failed in a way that may pass (EIO, ESTALE). What was written is not to be trusted: it is made anew. */
export class StorageFailed extends TransientError {
  readonly code = "CDT-STORAGE-FAILED";
  readonly help = "nothing to do: it is tried again; if it lasts, ask who runs the file system";

  constructor(facts: { path: string; errno: string; operation: string }, options?: ErrorOptions) {
    super(`the file system failed at ${facts.operation} of ${facts.path}: ${facts.errno}`, facts, options);
  }
}

/** The file system does not answer: a mount that hangs. Packages wait until it does, however long it takes. */
export class StorageStalled extends TransientError {
  readonly code = "CDT-STORAGE-STALLED";
  readonly help = "nothing to do for the package: it is tried again when the file system answers; ask who runs it";

  constructor(facts: { path: string; seconds: number }, options?: ErrorOptions) {
    super(`the file system at ${facts.path} has not answered within ${facts.seconds} s`, facts, options);
  }
}

/** Something lies already where the package is to be published. It is never overwritten and never merged. */
export class TargetExists extends ConfigurationError {
  readonly code = "CDT-TARGET-EXISTS";
  readonly help =
    "look at what is there; when it is not needed move it away, then: ccat_data_transfer stage retry <job>";

  constructor(facts: { path: string; found: string }, options?: ErrorOptions) {
    super(`${facts.path} exists already (${facts.found})`, facts, options);
  }
}

/** The private directory and its target lie on different file systems: publishing would be a copy, not one step. */
export class CrossDevice extends ConfigurationError {
  readonly code = "CDT-CROSS-DEVICE";
  readonly help = "let the location's path lie on one file system, with nothing mounted below it";

  constructor(facts: { from: string; to: string }, options?: ErrorOptions) {
    super(
      `${facts.to} lies on another file system than ${facts.from}: it cannot appear there in one step`,
      facts,
      options,
    );
  }
}

/** A path from the database that leaves the configured root, or goes through a link. */
export class PathOutsideRoot extends ConfigurationError {
  readonly code = "CDT-PATH-OUTSIDE-ROOT";
  readonly help = "ccat_data_transfer location list   # correct its path, or the root in the settings";

  constructor(facts: { root: string; path: string; why: string }, options?: ErrorOptions) {
    super(`${facts.path} is not a place below ${facts.root}: ${facts.why}`, facts, options);
  }
}

/** The private directory is gone: another attempt has taken this item over. */
export class TakenOver extends TransientError {
  readonly code = "CDT-TAKEN-OVER";
  readonly help = "nothing to do: another worker goes on with this package";

  constructor(facts: { path: string }, options?: ErrorOptions) {
    super(`${facts.path} is gone: another attempt has taken over`, facts, options);
  }
}
