import {
  CancelledError,
  ConfigurationError,
  type DataTransferError,
  IntegrityError,
  SpaceError,
  TransientError,
} from "./data-transfer-error.ts";

/** The package is known, but no archive holds a usable copy of it. */
export class NoSource extends IntegrityError {
  readonly code = "CDT-NO-SOURCE";
  readonly help = "ccat_data_transfer stage plan <package>   # shows which copies the catalogue knows";
  constructor(packageName: string) {
    super(`${packageName} has no copy at any active long-term archive`, { package: packageName });
  }
}

/** No copy could be tried: their archives do not answer. It says nothing about the package, so no attempt is counted for it. */
export class ArchiveAway extends TransientError {
  readonly code = "CDT-ARCHIVE-AWAY";
  readonly help =
    "nothing to do: it is tried until an archive answers; if it lasts, see whether it can be reached from here";
  /** @param errors  what has come of asking each of the archives */
  constructor(packageName: string, errors: readonly [DataTransferError, ...DataTransferError[]]) {
    super(
      errors.map(({ message }) => message).join("; "),
      { package: packageName, archives: errors.length },
      { cause: errors[0] },
    );
  }
}

/** The request names packages that the catalogue does not know. */
export class UnknownPackage extends IntegrityError {
  readonly code = "CDT-UNKNOWN-PACKAGE";
  readonly help = "check the name, then: ccat_data_transfer stage plan <package>";
  constructor(names: readonly string[]) {
    super(
      names.length === 1
        ? `the catalogue knows no package ${names[0]}`
        : `the catalogue knows none of the ${names.length} packages: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}`,
      { packages: names },
    );
  }
}

/** No job has this number. */
export class UnknownJob extends ConfigurationError {
  readonly code = "CDT-UNKNOWN-JOB";
  readonly help = "ccat_data_transfer stage list";
  constructor(jobId: number | string) {
    super(`there is no staging job ${jobId}`, { job: jobId });
  }
}

/** Staging can only bring data to a location of type processing that is a disk. */
export class NotAProcessingLocation extends ConfigurationError {
  readonly code = "CDT-NOT-PROCESSING";
  readonly help = "ccat_data_transfer location list";
  constructor(location: string, type: string, storage: string) {
    super(`${location} is a ${type} location on ${storage}; data can be staged only to a processing location on disk`, {
      location,
      type,
      storage,
    });
  }
}

/** What lies at the package's final path is not the package, and was not put there by us. It is left as it is. */
export class DestinationOccupied extends IntegrityError {
  readonly code = "CDT-DESTINATION-OCCUPIED";
  readonly help = "look at what lies there, move it away, then: ccat_data_transfer stage retry <job>";
  constructor(path: string, difference: string) {
    super(`${path} exists already and is not this package: ${difference}`, { path, difference });
  }
}

/** What a destination is short of, and by how much: bytes, or a number of inodes. */
export type Shortage = { path: string; missing: number; needed: number; reserved: number } & (
  | { lacks: "bytes"; free: number; keepFree: number }
  | { lacks: "inodes"; free: number }
  | { lacks: "budget"; budget: number; staged: number }
);

/** There is less room at the destination than the package needs. The item waits for room. */
export class NotEnoughSpace extends SpaceError {
  readonly code = "CDT-NOT-ENOUGH-SPACE";
  readonly help = "make room there (docs/operations.md, Making room); it is tried again by itself";
  constructor(facts: Shortage) {
    super(sentenceOf(facts), facts);
  }
}

function sentenceOf(facts: Shortage): string {
  const { path, missing, needed, reserved } = facts;
  switch (facts.lacks) {
    case "bytes":
      return `${path} lacks ${missing} bytes of room: ${needed} are needed, ${facts.free} are free, of which ${reserved} are promised to others and ${facts.keepFree} are to be kept`;
    case "inodes":
      return `${path} lacks room for ${missing} files and folders (inodes): ${needed} are needed, ${facts.free} are free, of which ${reserved} are promised to others`;
    case "budget":
      return `${path} lacks ${missing} bytes of its budget of ${facts.budget}: ${needed} are needed, ${facts.staged} are staged there and ${reserved} are promised to others`;
  }
}

/** Somebody cancelled the job while the package was on its way. */
export class StagingCancelled extends CancelledError {
  readonly code = "CDT-CANCELLED";
  readonly help = "ccat_data_transfer stage retry <job>   # if that was a mistake";
  constructor() {
    super("the job was cancelled");
  }
}

/** The claim could not be renewed before it ran out: another worker may have it. */
export class ClaimUnrenewable extends TransientError {
  readonly code = "CDT-CLAIM-UNRENEWABLE";
  readonly help = "nothing to do: the item is tried again by itself; ccat_data_transfer stage progress <job>";
  constructor(seconds: number, options?: ErrorOptions) {
    super(
      `the claim could not be renewed for ${Math.round(seconds)} s, so another worker may have it`,
      { seconds },
      options,
    );
  }
}

/** The worker was told to stop; the item goes back to the head of its queue. */
export class StagingInterrupted extends TransientError {
  readonly code = "CDT-STAGING-INTERRUPTED";
  readonly help = "nothing to do: the item is taken up again by the next worker";
  constructor() {
    super("the worker was shut down before the package was complete");
  }
}

/** The message had a time limit, as Celery's `apply_async(time_limit=...)` gives it, and it is over. */
export class StagingTimeLimit extends TransientError {
  readonly code = "CDT-STAGING-TIME-LIMIT";
  readonly help = "nothing to do: it is tried again without a limit; whoever sent the message should give none";
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, {}, options);
  }
}

/** Something in our own code went wrong. */
export class StagingDefect extends TransientError {
  readonly code = "CDT-STAGING-DEFECT";
  readonly help = "report it, with the worker's log of this attempt";
  constructor(cause: unknown) {
    super(`unexpected: ${cause instanceof Error ? cause.message : String(cause)}`, {}, { cause });
  }
}

/** The catalogue knows the package, and no staged copy of it at that location. */
export class NotStaged extends ConfigurationError {
  readonly code = "CDT-NOT-STAGED";
  readonly help: string;
  constructor(packageName: string, location: string) {
    super(`${packageName} is not staged at ${location}`, { package: packageName, location });
    this.help = `ccat_data_transfer stage request ${packageName} --to ${location}`;
  }
}

/** The time that was given for waiting is over; the job goes on. */
export class StillRunning extends TransientError {
  readonly code = "CDT-STILL-RUNNING";
  readonly help: string;
  constructor(jobId: number, seconds: number) {
    super(`job ${jobId} has not ended within ${seconds} s; it goes on`, { job: jobId, seconds });
    this.help = `ccat_data_transfer stage progress ${jobId}`;
  }
}
